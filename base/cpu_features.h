// SPDX-License-Identifier: LGPL-2.1-or-later
// Which instruction sets kernels may use on this machine.
#pragma once

#include <string_view>

namespace npuspeech {

/// The instruction-set levels that kernels are written for. Each kernel's table lists the ones that it has. A
/// level includes what its compiler flags in kernels/meson.build name, but not other levels.
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

/// Returns the lower-case name, as in NPUSPEECH_FORCE_ISA and in reports: "scalar", "avx2", "avxvnni",
/// "avx512", "avx512vnni", "neon", "neondot", "neoni8mm".
std::string_view isaName(Isa isa);

/// Whether this CPU and operating system can execute `isa`. Thread-safe; probed once.
bool cpuSupports(Isa isa);

/// Whether kernels should use `isa` by default: the CPU supports it, and the environment variable
/// NPUSPEECH_FORCE_ISA, where it is set, names it or a level that contains it ("scalar" leaves only Scalar).
/// Thread-safe.
bool isaEnabled(Isa isa);

}  // namespace npuspeech
