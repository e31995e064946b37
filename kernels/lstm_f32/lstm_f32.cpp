// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of lstm_f32, and how its weights are packed.
#include "kernels/lstm_f32/lstm_f32.h"

namespace npuspeech {

LstmF32Function lstmF32Scalar, lstmF32Avx2, lstmF32Avx512, lstmF32Neon;

namespace {

constexpr Variant<LstmF32Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, lstmF32Avx512},
    {Isa::Avx2, lstmF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, lstmF32Neon},
#endif
    {Isa::Scalar, lstmF32Scalar},
};

}  // namespace

std::span<const Variant<LstmF32Function>> lstmF32Variants() {
  return kVariants;
}

void packLstmF32(const float* weights, int width, float* packed) {
  const size_t row = static_cast<size_t>(width);
  for (size_t unit = 0; unit < row; unit += kLstmF32Block)
    for (size_t in = 0; in < row; ++in)
      for (size_t gate = 0; gate < 4; ++gate)
        for (size_t u = unit; u < unit + kLstmF32Block; ++u) *packed++ = weights[(gate * row + u) * row + in];
}

void lstmF32(const LstmF32& layer) {
  static LstmF32Function* const best = bestVariant(lstmF32Variants());
  best(layer);
}

}  // namespace npuspeech
