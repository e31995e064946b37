// SPDX-License-Identifier: LGPL-2.1-or-later
// out = activation(a * weights + bias) + residual with 8-bit operands: rows quantised at run time, weights
// once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/activation.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// Columns of a panel of packed weights, and values of one column that lie side by side in it.
inline constexpr int kMatmulI8Panel = 16;
inline constexpr int kMatmulI8Quad = 4;

/// The layout of packed weights, the same for every variant and machine of little-endian byte order. A file
/// that keeps packed weights keeps this number with them; it changes whenever the layout does.
inline constexpr uint32_t kMatmulI8Layout = 1;

/// Weights in packed form: views into the memory that packMatmulI8 filled, 64-byte aligned as a whole.
struct MatmulI8Weights {
  const int8_t* values =
      nullptr;  // [ceil(columns / 16)][ceil(depth / 4)][16][4], -127 to 127, zero past the ends
  const float* scales = nullptr;  // [columns], weight = scale * value
  const int32_t* sums =
      nullptr;  // [columns] sum s of a column's values, split: low half s mod 128, high half s >> 7
  int columns = 0, depth = 0;
};

/// out[r][c] = activation(rowScale[r] * scale[c] * sum over d of (a[r][d] - zeroPoint[r]) * weights[d][c] +
/// bias[c])
/// + residual[r][c]. The integer sum is exact in every variant, what follows is float32: bound 4e-7 relative
/// to the sum of the magnitudes of the terms, and that of the activation. depth is at most 16384, so that no
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

/// The part of a product that covers some of its rows and, from a panel's first column on, some of its
/// columns.
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

/// Bytes that packed weights of this size take.
constexpr size_t matmulI8PackedSize(int columns, int depth) {
  const size_t padded = static_cast<size_t>((columns + kMatmulI8Panel - 1) / kMatmulI8Panel) * kMatmulI8Panel;
  return padded * (static_cast<size_t>((depth + kMatmulI8Quad - 1) / kMatmulI8Quad) * kMatmulI8Quad + 8);
}
/// The views of packed weights of this size.
MatmulI8Weights matmulI8Weights(const void* packed, int columns, int depth);

/// Quantises weights[c * depth + d] with scale max |column| / 127 and packs them into `packed`, 64-byte
/// aligned.
void packMatmulI8(const float* weights, int columns, int depth, void* packed);
/// Packs weights that are quantised already, weight = scales[c] * weights[c * depth + d]. -128 becomes -127.
void packMatmulI8(const int8_t* weights, const float* scales, int columns, int depth, void* packed);

/// Bytes that a body takes for the copy of a row, an odd number of cache lines so that rows do not share
/// sets, and of its scratch, aligned to 64.
constexpr size_t matmulI8CopiedRow(int depth) {
  return static_cast<size_t>((depth + 31) / 32 | 1) * 64;
}
constexpr size_t matmulI8ScratchSize(int rows, int depth) {
  return static_cast<size_t>(rows) * matmulI8CopiedRow(depth);
}

using MatmulI8Function = void(const MatmulI8&, void* scratch);
std::span<const Variant<MatmulI8Function>> matmulI8Variants();

/// On the calling thread.
void matmulI8(const MatmulI8& product);
/// Split over the pool's threads, with `body`; null stands for the best body that is enabled.
void matmulI8(ThreadPool& pool, const MatmulI8& product, MatmulI8Function* body = nullptr);

/// Where a product goes whose result is the next product's input.
struct QuantizedOut {
  uint8_t* values = nullptr;   // [rows][columns rounded up to 4]
  size_t stride = 0;           // bytes from row to row
  RowScale* scales = nullptr;  // [rows]
};
/// The same product, quantised as quantizeRows would do it, without the way through memory; `out` is not
/// used.
void matmulI8(ThreadPool& pool, const MatmulI8& product, const QuantizedOut& quantized,
              MatmulI8Function* body = nullptr);

}  // namespace npuspeech
