// SPDX-License-Identifier: LGPL-2.1-or-later
// The normaliser of a long row of logits: what every log-probability of a decoding step needs.
#pragma once

#include <span>

#include "kernels/variant.h"

namespace npuspeech {

/// log(sum_i exp(x_i)) and the largest x with its (first) index. Entries of -infinity are allowed and count
/// for nothing; with no finite entry the sum is -infinity and the index 0. Bound: 1e-5 absolute.
struct LogSumExp {
  float logSum = 0;
  float max = 0;
  int argmax = 0;
};

using LogSumExpF32Function = LogSumExp(const float* x, int count);
std::span<const Variant<LogSumExpF32Function>> logSumExpF32Variants();
LogSumExp logSumExpF32(const float* x, int count);

}  // namespace npuspeech
