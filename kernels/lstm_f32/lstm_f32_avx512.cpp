// SPDX-License-Identifier: LGPL-2.1-or-later
// lstm_f32 for AVX-512.
#include "kernels/simd/avx512.h"

#include "kernels/lstm_f32/lstm_f32_body.h"

namespace npuspeech {

void lstmF32Avx512(const LstmF32& p) {
  lstm(p);
}

}  // namespace npuspeech
