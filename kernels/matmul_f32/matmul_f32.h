// SPDX-License-Identifier: LGPL-2.1-or-later
// The product out = activation(a * weights + bias) + residual in float32, with packed weights.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/activation.h"
#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// The number of columns in a panel of packed weights.
inline constexpr int kMatmulF32Panel = 16;

/// out[r][c] = activation(sum over d of a[r][d] * weights[d][c] + bias[c]) + residual[r][c].
/// Rows of `a` may overlap each other (a convolution is a product on overlapping rows). `out` may be
/// `residual`, but must not overlap `a`. Only `weights` needs alignment (64 bytes). Nothing is allocated once
/// warm. Error bound: each sum is within 1e-5 of sum |a * w|; the order of summation is free.
struct MatmulF32 {
  const float* a = nullptr;
  size_t aStride = 0;               // floats from row to row
  const float* weights = nullptr;   // [ceil(columns / 16)][depth][16], columns past the last are zero
  const float* bias = nullptr;      // [columns], or null
  const float* residual = nullptr;  // or null
  size_t residualStride = 0;
  float* out = nullptr;
  size_t outStride = 0;
  int rows = 0, columns = 0, depth = 0;
  Activation activation = Activation::None;
};

/// The number of floats of packed weights of this size.
constexpr size_t matmulF32PackedSize(int columns, int depth) {
  return static_cast<size_t>((columns + kMatmulF32Panel - 1) / kMatmulF32Panel) * kMatmulF32Panel * depth;
}

/// Packs weights that are stored as models do, by output: weights[c * depth + d].
void packMatmulF32(const float* weights, int columns, int depth, float* packed);

/// The number of floats of scratch, aligned to 64 bytes, that a body needs.
constexpr size_t matmulF32ScratchSize(int rows, int depth) {
  return static_cast<size_t>(rows) * static_cast<size_t>((depth + 127) / 128 * 128);
}

using MatmulF32Function = void(const MatmulF32&, float* scratch);
std::span<const Variant<MatmulF32Function>> matmulF32Variants();

/// Computes on the calling thread with the best body that is enabled.
void matmulF32(const MatmulF32& product);
/// Computes on the pool's threads with `body`; null stands for the best body that is enabled.
void matmulF32(ThreadPool& pool, const MatmulF32& product, MatmulF32Function* body = nullptr);

}  // namespace npuspeech
