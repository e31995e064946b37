// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/cpu_features.h"

#include <array>
#include <cstdlib>

#include "base/log.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace npuspeech {
namespace {

// In the order of Isa.
constexpr std::array<std::string_view, 8> kNames = {"scalar",     "avx2", "avxvnni", "avx512",
                                                    "avx512vnni", "neon", "neondot", "neoni8mm"};
using Support = std::array<bool, kNames.size()>;

#if defined(__x86_64__)
// Bits of CPUID leaf 7, Intel SDM volume 2A, table 3-17; the compiler's builtins cover the older ones.
Support probe() {
  __builtin_cpu_init();
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0, a1 = 0, b1 = 0, c1 = 0, d1 = 0;
  __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
  __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1);
  unsigned e1 = 0, f1 = 0, leaf1Ecx = 0, g1 = 0;
  __get_cpuid(1, &e1, &f1, &leaf1Ecx, &g1);
  const bool f16c = leaf1Ecx & (1u << 29);
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool vnni512 = avx512 && (ecx & (1u << 11));
  return {true, avx2, avx2 && (a1 & (1u << 4)), avx512, vnni512, false, false, false};
}
#elif defined(__aarch64__)
Support probe() {
  const bool dot = getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
  const bool i8mm = dot && (getauxval(AT_HWCAP2) & HWCAP2_I8MM);
  return {true, false, false, false, false, true, dot, i8mm};
}
#else
Support probe() {
  return {true};
}
#endif

// Row: the level that is forced; bits: the levels that it contains.
constexpr unsigned bit(Isa isa) {
  return 1u << static_cast<int>(isa);
}
constexpr unsigned containedIn(Isa isa) {
  switch (isa) {
    case Isa::Scalar:
      return bit(isa);
    case Isa::Avx2:
      return bit(isa) | containedIn(Isa::Scalar);
    case Isa::AvxVnni:
      return bit(isa) | containedIn(Isa::Avx2);
    case Isa::Avx512:
      return bit(isa) | containedIn(Isa::Avx2);
    case Isa::Avx512Vnni:
      return bit(isa) | containedIn(Isa::Avx512);
    case Isa::Neon:
      return bit(isa) | containedIn(Isa::Scalar);
    case Isa::NeonDot:
      return bit(isa) | containedIn(Isa::Neon);
    case Isa::NeonI8mm:
      return bit(isa) | containedIn(Isa::NeonDot);
  }
  return bit(Isa::Scalar);
}

unsigned enabledLevels() {
  unsigned levels = 0;
  for (size_t i = 0; i < kNames.size(); ++i)
    if (cpuSupports(static_cast<Isa>(i))) levels |= 1u << i;
  const char* forced = std::getenv("NPUSPEECH_FORCE_ISA");
  if (!forced || !*forced) return levels;
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == forced) {
      logf(LogLevel::Info, "kernels limited to %s by NPUSPEECH_FORCE_ISA", forced);
      return levels & containedIn(static_cast<Isa>(i));
    }
  logf(LogLevel::Warning, "NPUSPEECH_FORCE_ISA=%s is not the name of an instruction set; ignored", forced);
  return levels;
}

}  // namespace

std::string_view isaName(Isa isa) {
  return kNames[static_cast<size_t>(isa)];
}

bool cpuSupports(Isa isa) {
  static const Support supported = probe();
  return supported[static_cast<size_t>(isa)];
}

bool isaEnabled(Isa isa) {
  static const unsigned levels = enabledLevels();
  return levels & bit(isa);
}

}  // namespace npuspeech
