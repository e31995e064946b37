// SPDX-License-Identifier: LGPL-2.1-or-later
// Layer normalisation of rows.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/variant.h"

namespace npuspeech {

/// out = (in - mean) / sqrt(variance + 1e-5) * gamma + beta for each row; the variance is the biased one.
/// `out` may be `in`. Error bound: 2e-6 relative to the row's largest |out|.
struct LayerNormF32 {
  const float* in = nullptr;
  size_t inStride = 0;
  const float* gamma = nullptr;  // [columns]
  const float* beta = nullptr;   // [columns]
  float* out = nullptr;
  size_t outStride = 0;
  int rows = 0, columns = 0;
};

using LayerNormF32Function = void(const LayerNormF32&);
std::span<const Variant<LayerNormF32Function>> layerNormF32Variants();
void layerNormF32(const LayerNormF32& norm);

}  // namespace npuspeech
