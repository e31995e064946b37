// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of log_sum_exp_f32.
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

namespace npuspeech {

LogSumExpF32Function logSumExpF32Scalar, logSumExpF32Avx2, logSumExpF32Avx512, logSumExpF32Neon;

namespace {

constexpr Variant<LogSumExpF32Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, logSumExpF32Avx512},
    {Isa::Avx2, logSumExpF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, logSumExpF32Neon},
#endif
    {Isa::Scalar, logSumExpF32Scalar},
};

}  // namespace

std::span<const Variant<LogSumExpF32Function>> logSumExpF32Variants() {
  return kVariants;
}

LogSumExp logSumExpF32(const float* x, int count) {
  static LogSumExpF32Function* const best = bestVariant(logSumExpF32Variants());
  return best(x, count);
}

}  // namespace npuspeech
