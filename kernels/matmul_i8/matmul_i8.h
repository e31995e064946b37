// SPDX-License-Identifier: LGPL-2.1-or-later
// The product out = activation(a * weights + bias) + residual with operands of 8 bits. Rows are quantised at
// run time, weights once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/activation.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// The number of columns in a panel of packed weights.
inline constexpr int kMatmulI8Panel = 16;
/// The number of values of one column that lie side by side in a panel.
inline constexpr int kMatmulI8Quad = 4;

/// The version of the layout of packed weights, which is the same for every body and every little-endian
/// machine. A file of packed weights stores it. Raise it whenever the layout changes.
inline constexpr uint32_t kMatmulI8Layout = 1;

/// Packed weights: views into the memory that packMatmulI8() filled, which is 64-byte aligned.
struct MatmulI8Weights {
  /// [ceil(columns / 16)][ceil(depth / 4)][16][4], from -127 to 127, zero past the ends.
  const int8_t* values = nullptr;
  /// The scale of each column: weight = scale * value. [columns].
  const float* scales = nullptr;
  /// The sum s of each column's values in two halves: s mod 128 in the low one, s >> 7 in the high one.
  /// [columns].
  const int32_t* sums = nullptr;
  int columns = 0, depth = 0;
};

/// out[r][c] = activation(rowScale[r] * scale[c] * sum over d of (a[r][d] - zeroPoint[r]) * weights[d][c] +
/// bias[c])
/// + residual[r][c]. The integer sum is exact in every body. The rest is float32: error bound 4e-7 relative
/// to the sum of the magnitudes of the terms, plus that of the activation. depth is at most 16384, so that no
/// sum overflows. `out` may be `residual`. Nothing is allocated once warm.
struct MatmulI8 {
  const uint8_t* a = nullptr;           // rows as quantizeRows writes them: depth rounded up to 4 can be read
  size_t aStride = 0;                   // bytes from row to row
  const RowScale* rowScales = nullptr;  // [rows]
  MatmulI8Weights weights;
  const float* bias = nullptr;      // [columns], or null
  const float* residual = nullptr;  // or null
  size_t residualStride = 0;
  float* out = nullptr;
  size_t outStride = 0;
  int rows = 0;
  Activation activation = Activation::None;
};

/// Returns the part of a product with `rows` rows and `columns` columns. `firstColumn` must be the first
/// column of a panel.
static inline MatmulI8 matmulI8Part(const MatmulI8& whole, int firstRow, int rows, int firstColumn,
                                    int columns) {
  MatmulI8 p = whole;
  const size_t row = static_cast<size_t>(firstRow), column = static_cast<size_t>(firstColumn);
  const int paddedDepth = (whole.weights.depth + kMatmulI8Quad - 1) / kMatmulI8Quad * kMatmulI8Quad;
  p.a += row * p.aStride;
  p.rowScales += row;
  p.weights.values += column * static_cast<size_t>(paddedDepth);
  p.weights.scales += column;
  p.weights.sums += column;
  p.weights.columns = columns;
  if (p.out) p.out += row * p.outStride + column;
  if (p.bias) p.bias += column;
  if (p.residual) p.residual += row * p.residualStride + column;
  p.rows = rows;
  return p;
}

/// The size in bytes of packed weights.
constexpr size_t matmulI8PackedSize(int columns, int depth) {
  const size_t padded = static_cast<size_t>((columns + kMatmulI8Panel - 1) / kMatmulI8Panel) * kMatmulI8Panel;
  return padded * (static_cast<size_t>((depth + kMatmulI8Quad - 1) / kMatmulI8Quad) * kMatmulI8Quad + 8);
}
/// Returns the views of packed weights of this size.
MatmulI8Weights matmulI8Weights(const void* packed, int columns, int depth);

/// Quantises weights[c * depth + d] with the scale max |column| / 127, and packs them into `packed`, 64-byte
/// aligned.
void packMatmulI8(const float* weights, int columns, int depth, void* packed);
/// Packs weights that are quantised already, weight = scales[c] * weights[c * depth + d]. -128 becomes -127.
void packMatmulI8(const int8_t* weights, const float* scales, int columns, int depth, void* packed);

/// The size in bytes of a body's copy of a row. It is an odd number of cache lines, so that rows do not share
/// sets of the cache.
constexpr size_t matmulI8CopiedRow(int depth) {
  return static_cast<size_t>((depth + 31) / 32 | 1) * 64;
}
/// The size in bytes of a body's scratch, aligned to 64.
constexpr size_t matmulI8ScratchSize(int rows, int depth) {
  return static_cast<size_t>(rows) * matmulI8CopiedRow(depth);
}

using MatmulI8Function = void(const MatmulI8&, void* scratch);
std::span<const Variant<MatmulI8Function>> matmulI8Variants();

/// Computes on the calling thread with the best body that is enabled.
void matmulI8(const MatmulI8& product);
/// Computes on the pool's threads with `body`; null stands for the best body that is enabled.
void matmulI8(ThreadPool& pool, const MatmulI8& product, MatmulI8Function* body = nullptr);

/// The output of a product that is the input of the next one.
struct QuantizedOut {
  uint8_t* values = nullptr;   // [rows][columns rounded up to 4]
  size_t stride = 0;           // bytes from row to row
  RowScale* scales = nullptr;  // [rows]
};
/// Computes a product and quantises it as quantizeRows() does, without float rows in memory. The product's
/// `out` is not used.
void matmulI8(ThreadPool& pool, const MatmulI8& product, const QuantizedOut& quantized,
              MatmulI8Function* body = nullptr);

}  // namespace npuspeech
