// SPDX-License-Identifier: LGPL-2.1-or-later
// rectify_rows for AVX2.
#include "kernels/simd/avx2.h"

#include "kernels/rectify_rows/rectify_rows_body.h"

namespace npuspeech {

void rectifyRowsAvx2(const RectifyRows& p, float* scratch) {
  rectify(p, scratch);
}

}  // namespace npuspeech
