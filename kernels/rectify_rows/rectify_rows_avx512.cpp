// SPDX-License-Identifier: LGPL-2.1-or-later
// rectify_rows for AVX-512.
#include "kernels/simd/avx512.h"

#include "kernels/rectify_rows/rectify_rows_body.h"

namespace npuspeech {

void rectifyRowsAvx512(const RectifyRows& p, float* scratch) {
  rectify(p, scratch);
}

}  // namespace npuspeech
