// SPDX-License-Identifier: LGPL-2.1-or-later
// rectify_rows for NEON.
#include "kernels/simd/neon.h"

#include "kernels/rectify_rows/rectify_rows_body.h"

namespace npuspeech {

void rectifyRowsNeon(const RectifyRows& p, float* scratch) {
  rectify(p, scratch);
}

}  // namespace npuspeech
