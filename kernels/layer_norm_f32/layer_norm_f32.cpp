// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of layer_norm_f32.
#include "kernels/layer_norm_f32/layer_norm_f32.h"

namespace npuspeech {

LayerNormF32Function layerNormF32Scalar;

namespace {

constexpr Variant<LayerNormF32Function> kVariants[] = {
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
