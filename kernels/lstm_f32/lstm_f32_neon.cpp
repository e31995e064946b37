// SPDX-License-Identifier: LGPL-2.1-or-later
// lstm_f32 for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/lstm_f32/lstm_f32_body.h"

namespace npuspeech {

void lstmF32Neon(const LstmF32& p) {
  lstm(p);
}

}  // namespace npuspeech
