// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of matmul_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps its
// instructions out of other object files. The copied rows stay in L2 while panels of weights pass by, each
// used for all row tiles.
#pragma once

#include "kernels/matmul_f32/matmul_f32.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_f32.h"

namespace npuspeech {
namespace {

static_assert(kPanel == kMatmulF32Panel);

/// Applies bias, activation and residual to a tile of sums with `width` sums in each row, and writes the
/// first `columns`.
void finishTile(const MatmulF32& p, size_t row, int rows, size_t column, int columns, int width,
                const float* sums) {
  const bool isGelu = p.activation == Activation::Gelu;
  for (int c = 0; c < columns; c += kLanes) {
    const size_t at = column + static_cast<size_t>(c);
    const int lanes = columns - c;
    const bool whole = lanes >= kLanes;
    const F32 bias = !p.bias ? broadcast(0) : whole ? load(p.bias + at) : loadFirst(p.bias + at, lanes);
    const float* residual = p.residual ? p.residual + row * p.residualStride + at : nullptr;
    float* out = p.out + row * p.outStride + at;
    for (int r = 0; r < rows; ++r, out += p.outStride) {
      F32 x = load(sums + r * width + c) + bias;
      if (isGelu) x = gelu(x);
      if (residual) {
        x = x + (whole ? load(residual) : loadFirst(residual, lanes));
        residual += p.residualStride;
      }
      if (whole)
        store(out, x);
      else
        storeFirst(out, x, lanes);
    }
  }
}

void matmul(const MatmulF32& p, float* scratch) {
  alignas(64) float sums[kTileRows * kTilePanels * kPanel];
  const size_t rowSize = copiedSize(p.depth);
  // Tiles of nearly the same height: 16 rows are 8 + 8, not 14 + 2.
  const int tiles = (p.rows + kTileRows - 1) / kTileRows;
  const auto firstRow = [&](int tile) { return p.rows * tile / tiles; };
  for (int t = 0; t < tiles; ++t) {
    const int row = firstRow(t);
    copyRows(p.a + static_cast<size_t>(row) * p.aStride, p.aStride, firstRow(t + 1) - row, p.depth,
             scratch + static_cast<size_t>(row) * rowSize);
  }
  for (int column = 0, columns; column < p.columns; column += columns) {
    const int panelsLeft = (p.columns - column + kPanel - 1) / kPanel;
    // Few rows are bound by reading the weights: one panel after the other is one sequential stream.
    const int panels = p.rows < 5 || panelsLeft < kTilePanels ? 1 : kTilePanels;
    columns = panels * kPanel;
    const int valid = p.columns - column < columns ? p.columns - column : columns;
    const float* weights = p.weights + static_cast<size_t>(column) * static_cast<size_t>(p.depth);
    for (int t = 0; t < tiles; ++t) {
      const int row = firstRow(t), rows = firstRow(t + 1) - row;
      kTiles[panels - 1].rows[rows - 1](scratch + static_cast<size_t>(row) * rowSize, weights, p.depth, sums);
      finishTile(p, static_cast<size_t>(row), rows, static_cast<size_t>(column), valid, columns, sums);
    }
  }
}

}  // namespace
}  // namespace npuspeech
