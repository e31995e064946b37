// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of log_sum_exp_f32.
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

namespace npuspeech {

LogSumExpF32Function logSumExpF32Scalar;

namespace {

constexpr Variant<LogSumExpF32Function> kVariants[] = {
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
