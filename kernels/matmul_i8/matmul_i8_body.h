// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of matmul_i8, over one of simd/dot_*.h. Internal linkage on purpose.
// The copied rows stay in cache while panels of weights pass by, each used for all row tiles.
#pragma once

#include "kernels/matmul_i8/matmul_i8.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_i8.h"

namespace npuspeech {
namespace {

static_assert(kPanelI8 == kMatmulI8Panel);

/// Zero point, scales, bias, activation and residual of one row of sums, written out.
void finishRow(const MatmulI8& p, size_t row, size_t column, int columns, const int32_t* sums) {
  float* out = p.out + row * p.outStride + column;
  const float* residual = p.residual ? p.residual + row * p.residualStride + column : nullptr;
  const float* bias = p.bias ? p.bias + column : nullptr;
  const float* scales = p.weights.scales + column;
  const int32_t* columnSums = p.weights.sums + column;
  const F32 rowScale = broadcast(p.rowScales[row].scale);
  const int32_t zeroPoint = p.rowScales[row].zeroPoint - (Quads::kSigned ? 128 : 0);
  int c = 0;
  for (; c + kLanes <= columns; c += kLanes) {
    const I32 sum = subtractMultiple(loadInt(sums + c), loadInt(columnSums + c), zeroPoint);
    const F32 scale = rowScale * load(scales + c);
    F32 x = bias ? fma(toFloat(sum), scale, load(bias + c)) : toFloat(sum) * scale;
    if (p.activation == Activation::Gelu) x = gelu(x);
    if (residual) x = x + load(residual + c);
    store(out + c, x);
  }
  if (const int rest = columns - c; rest > 0) {
    // Packed scales and sums are padded to whole panels.
    const I32 sum = subtractMultiple(loadInt(sums + c), loadInt(columnSums + c), zeroPoint);
    F32 x = toFloat(sum) * (rowScale * load(scales + c));
    if (bias) x = x + loadFirst(bias + c, rest);
    if (p.activation == Activation::Gelu) x = gelu(x);
    if (residual) x = x + loadFirst(residual + c, rest);
    storeFirst(out + c, x, rest);
  }
}

void matmul(const MatmulI8& p, unsigned char* scratch) {
  alignas(64) int32_t sums[kTileRowsI8 * kTilePanelsI8 * kPanelI8];
  const int units = (p.weights.depth + kMatmulI8Quad - 1) / kMatmulI8Quad, allColumns = p.weights.columns;
  const size_t rowSize = copiedSizeI8<Quads>(units);
  // Tiles of nearly the same height: 16 rows are 8 + 8, not 14 + 2.
  const int tiles = (p.rows + kTileRowsI8 - 1) / kTileRowsI8;
  const auto firstRow = [&](int tile) { return p.rows * tile / tiles; };
  for (int t = 0; t < tiles; ++t) {
    const int row = firstRow(t);
    copyRowsI8<Quads>(p.a + static_cast<size_t>(row) * p.aStride, p.aStride, firstRow(t + 1) - row, units,
                      scratch + static_cast<size_t>(row) * rowSize);
  }
  const auto* values = reinterpret_cast<const unsigned char*>(p.weights.values);
  for (int column = 0, columns; column < allColumns; column += columns) {
    const int panelsLeft = (allColumns - column + kPanelI8 - 1) / kPanelI8;
    // Few rows are bound by reading the weights: one panel after the other is one sequential stream.
    const int panels = p.rows < 5 || panelsLeft < kTilePanelsI8 ? 1 : kTilePanelsI8;
    columns = panels * kPanelI8;
    const int valid = allColumns - column < columns ? allColumns - column : columns;
    const unsigned char* weights = values + static_cast<size_t>(column) * static_cast<size_t>(units) * 4;
    for (int t = 0; t < tiles; ++t) {
      const int row = firstRow(t), rows = firstRow(t + 1) - row;
      tileFor<Quads>(panels, rows)(scratch + static_cast<size_t>(row) * rowSize, weights, units, sums);
      for (int r = 0; r < rows; ++r)
        finishRow(p, static_cast<size_t>(row + r), static_cast<size_t>(column), valid, sums + r * columns);
    }
  }
}

}  // namespace
}  // namespace npuspeech
