// SPDX-License-Identifier: LGPL-2.1-or-later
// quantize_rows for AArch64.
#include "kernels/simd/neon.h"

#include "kernels/quantize_rows/quantize_rows_body.h"

namespace npuspeech {

void quantizeRowsNeon(const QuantizeRows& p, float* scratch) {
  quantize(p, scratch);
}

}  // namespace npuspeech
