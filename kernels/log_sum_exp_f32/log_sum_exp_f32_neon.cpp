// SPDX-License-Identifier: LGPL-2.1-or-later
// log_sum_exp_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/log_sum_exp_f32/log_sum_exp_f32_body.h"

namespace npuspeech {

LogSumExp logSumExpF32Neon(const float* x, int count) {
  return logSumExp(x, count);
}

}  // namespace npuspeech
