// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of layer_norm_f32.
#include "kernels/layer_norm_f32/layer_norm_f32.h"

namespace npuspeech {

LayerNormF32Function layerNormF32Scalar, layerNormF32Avx2, layerNormF32Avx512, layerNormF32Neon;

namespace {

constexpr Variant<LayerNormF32Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, layerNormF32Avx512},
    {Isa::Avx2, layerNormF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, layerNormF32Neon},
#endif
    {Isa::Scalar, layerNormF32Scalar},
};

}  // namespace

std::span<const Variant<LayerNormF32Function>> layerNormF32Variants() {
  return kVariants;
}

void layerNormF32(const LayerNormF32& norm) {
  static LayerNormF32Function* const best = bestVariant(layerNormF32Variants());
  best(norm);
}

}  // namespace npuspeech
