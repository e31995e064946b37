// SPDX-License-Identifier: LGPL-2.1-or-later
// The logarithm of the sum of exponentials of a long row of logits, which normalises their log-probabilities.
#pragma once

#include <span>

#include "kernels/variant.h"

namespace npuspeech {

/// The result for a row x. Entries of -infinity are allowed and add nothing; without a finite entry, logSum
/// is -infinity and argmax is 0. Error bound of logSum: 1e-5 absolute.
struct LogSumExp {
  /// log(sum_i exp(x_i)).
  float logSum = 0;
  /// The largest x_i.
  float max = 0;
  /// The first index of the largest x_i.
  int argmax = 0;
};

using LogSumExpF32Function = LogSumExp(const float* x, int count);
std::span<const Variant<LogSumExpF32Function>> logSumExpF32Variants();
LogSumExp logSumExpF32(const float* x, int count);

}  // namespace npuspeech
