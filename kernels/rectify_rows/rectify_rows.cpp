// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of rectify_rows.
#include "kernels/rectify_rows/rectify_rows.h"

#include "kernels/scratch.h"

namespace npuspeech {

RectifyRowsFunction rectifyRowsScalar, rectifyRowsAvx2, rectifyRowsAvx512, rectifyRowsNeon;

namespace {

constexpr Variant<RectifyRowsFunction> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, rectifyRowsAvx512},
    {Isa::Avx2, rectifyRowsAvx2},
#elif defined(__aarch64__)
    {Isa::Neon, rectifyRowsNeon},
#endif
    {Isa::Scalar, rectifyRowsScalar},
};

}  // namespace

std::span<const Variant<RectifyRowsFunction>> rectifyRowsVariants() {
  return kVariants;
}

void rectifyRows(const RectifyRows& rows) {
  static RectifyRowsFunction* const best = bestVariant(rectifyRowsVariants());
  best(rows, static_cast<float*>(threadScratch(static_cast<size_t>(rows.columns) * sizeof(float))));
}

}  // namespace npuspeech
