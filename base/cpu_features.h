// SPDX-License-Identifier: LGPL-2.1-or-later
// Which instruction sets kernels may use on this machine.
#pragma once

#include <string_view>

namespace npuspeech {

/// Instruction-set levels that kernels are written for; each kernel's table lists the ones that it has. Each
/// level implies what its compiler flags in kernels/meson.build name, not the other levels.
enum class Isa {
  Scalar,
  Avx2,        // AVX2, FMA, F16C
  AvxVnni,     // Avx2 and AVX-VNNI
  Avx512,      // F, BW, DQ, VL, and Avx2
  Avx512Vnni,  // Avx512 and AVX512-VNNI
  Neon,        // AArch64 baseline
  NeonDot,     // Neon and dot product
  NeonI8mm,    // NeonDot and int8 matrix multiply
};

/// Lower-case name, as in NPUSPEECH_FORCE_ISA and in reports: "scalar", "avx2", "avxvnni", "avx512",
/// "avx512vnni", "neon", "neondot", "neoni8mm".
std::string_view isaName(Isa isa);

/// True where this CPU and operating system can execute `isa`. Probed once.
bool cpuSupports(Isa isa);

/// True where kernels should use `isa` by default: the CPU supports it, and the environment variable
/// NPUSPEECH_FORCE_ISA, when set, names it or a level that contains it ("scalar" leaves only Scalar).
/// Thread-safe.
bool isaEnabled(Isa isa);

}  // namespace npuspeech
