// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of log_sum_exp_f32.
#include <cmath>

#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

namespace npuspeech {

LogSumExp logSumExpF32Scalar(const float* x, int count) {
  LogSumExp result = {-INFINITY, -INFINITY, 0};
  for (int i = 0; i < count; ++i)
    if (x[i] > result.max) {
      result.max = x[i];
      result.argmax = i;
    }
  if (result.max == -INFINITY) return result;
  double sum = 0;
  for (int i = 0; i < count; ++i)
    sum += std::exp(static_cast<double>(x[i]) - static_cast<double>(result.max));
  result.logSum = static_cast<float>(static_cast<double>(result.max) + std::log(sum));
  return result;
}

}  // namespace npuspeech
