// SPDX-License-Identifier: LGPL-2.1-or-later
// quantize_rows for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/quantize_rows/quantize_rows_body.h"

namespace npuspeech {

void quantizeRowsAvx2(const QuantizeRows& p, float* scratch) {
  quantize(p, scratch);
}

}  // namespace npuspeech
