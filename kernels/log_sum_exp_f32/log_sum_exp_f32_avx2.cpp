// SPDX-License-Identifier: LGPL-2.1-or-later
// log_sum_exp_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/log_sum_exp_f32/log_sum_exp_f32_body.h"

namespace npuspeech {

LogSumExp logSumExpF32Avx2(const float* x, int count) {
  return logSumExp(x, count);
}

}  // namespace npuspeech
