// SPDX-License-Identifier: LGPL-2.1-or-later
// A linear map of rows in float32, with its packed weights.
#pragma once

#include <span>
#include <utility>

#include "base/aligned.h"
#include "kernels/matmul_f32/matmul_f32.h"

namespace npuspeech {

/// out = weights * in + bias, for each row. Rows may overlap, which makes it a convolution.
struct LayerF32 {
  AlignedVector<float> packed, bias;
  int outputs = 0, depth = 0;

  /// Packs weights [outputs][depth]. `biases` is [outputs], or empty.
  void set(std::span<const float> weights, AlignedVector<float> biases, int outputCount, int depthCount) {
    outputs = outputCount;
    depth = depthCount;
    bias = std::move(biases);
    packed.resize(matmulF32PackedSize(outputs, depth));
    packMatmulF32(weights.data(), outputs, depth, packed.data());
  }

  /// Computes `rows` rows on the calling thread; strides are in floats from row to row.
  void run(const float* in, size_t inStride, int rows, float* out, size_t outStride) const {
    matmulF32({.a = in,
               .aStride = inStride,
               .weights = packed.data(),
               .bias = bias.empty() ? nullptr : bias.data(),
               .out = out,
               .outStride = outStride,
               .rows = rows,
               .columns = outputs,
               .depth = depth});
  }
};

}  // namespace npuspeech
