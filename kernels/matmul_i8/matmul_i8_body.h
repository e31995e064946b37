// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of matmul_i8, over one of simd/dot_*.h. Internal linkage on purpose.
// A few rows stay in cache while panels of weights pass by, each used for all row tiles.
#pragma once

#include "kernels/matmul_i8/matmul_i8.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_i8.h"

namespace npuspeech {
namespace {

static_assert(kPanelI8 == kMatmulI8Panel);

/// Zero points, scales, bias, activation and residual of a tile of sums, `width` a row, of which `columns`
/// are written.
void finishTile(const MatmulI8& p, size_t row, int rows, size_t column, int columns, int width,
                const int32_t* sums) {
  int32_t factors[kTileRowsI8];
  float rowScales[kTileRowsI8];
  for (int r = 0; r < rows; ++r) {
    const RowScale& scale = p.rowScales[row + static_cast<size_t>(r)];
    factors[r] = multiplierFor(scale.zeroPoint - (Quads::kSigned ? 128 : 0));
    rowScales[r] = scale.scale;
  }
  const bool isGelu = p.activation == Activation::Gelu;
  for (int c = 0; c < columns; c += kLanes) {
    const size_t at = column + static_cast<size_t>(c);
    const int lanes = columns - c;
    const bool whole = lanes >= kLanes;
    // Packed scales and sums are padded to whole panels, the caller's operands are not.
    const F32 scales = load(p.weights.scales + at);
    const I32 columnSums = loadInt(p.weights.sums + at);
    const F32 bias = !p.bias ? broadcast(0) : whole ? load(p.bias + at) : loadFirst(p.bias + at, lanes);
    const float* residual = p.residual ? p.residual + row * p.residualStride + at : nullptr;
    float* out = p.out + row * p.outStride + at;
    for (int r = 0; r < rows; ++r, out += p.outStride) {
      const I32 sum = subtractMultiple(loadInt(sums + r * width + c), columnSums, broadcastInt(factors[r]));
      F32 x = fma(toFloat(sum), broadcast(rowScales[r]) * scales, bias);
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

/// Brings the lines that a tile will write, which other cores may have, while it is computed. With GELU they
/// mostly are in cache: they wait to be quantised.
void prefetchOut(const MatmulI8& p, int row, int rows, int column, int columns) {
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; c += 16)
      prefetchWrite(p.out + static_cast<size_t>(row + r) * p.outStride + static_cast<size_t>(column + c));
}

void matmul(const MatmulI8& p, [[maybe_unused]] unsigned char* scratch) {
  alignas(64) int32_t sums[kTileRowsI8 * kTilePanelsI8 * kPanelI8];
  const int units = (p.weights.depth + kMatmulI8Quad - 1) / kMatmulI8Quad, allColumns = p.weights.columns;
  const unsigned char* a = p.a;
  size_t stride = p.aStride;
  if constexpr (Quads::kCopies) {
    a = scratch;
    stride = matmulI8CopiedRow(p.weights.depth);
    for (int r = 0; r < p.rows; ++r)
      Quads::copy(p.a + static_cast<size_t>(r) * p.aStride, units, scratch + static_cast<size_t>(r) * stride);
  }
  // Tiles of nearly the same height: 16 rows are 8 + 8, not 14 + 2.
  const int tiles = (p.rows + kTileRowsI8 - 1) / kTileRowsI8;
  const auto firstRow = [&](int tile) { return p.rows * tile / tiles; };
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
      if (p.activation == Activation::None) prefetchOut(p, row, rows, column, valid);
      tileFor<Quads>(panels, rows)(a + static_cast<size_t>(row) * stride, stride, weights, units, sums);
      finishTile(p, static_cast<size_t>(row), rows, static_cast<size_t>(column), valid, columns, sums);
    }
  }
}

}  // namespace
}  // namespace npuspeech
