// SPDX-License-Identifier: LGPL-2.1-or-later
// lstm_f32 for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/lstm_f32/lstm_f32_body.h"

namespace npuspeech {

void lstmF32Avx2(const LstmF32& p) {
  lstm(p);
}

}  // namespace npuspeech
