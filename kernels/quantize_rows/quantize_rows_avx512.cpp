// SPDX-License-Identifier: LGPL-2.1-or-later
// quantize_rows for AVX-512.
#include "kernels/simd/avx512.h"

#include "kernels/quantize_rows/quantize_rows_body.h"

namespace npuspeech {

void quantizeRowsAvx512(const QuantizeRows& p, float* scratch) {
  quantize(p, scratch);
}

}  // namespace npuspeech
