// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of matmul_i8, over one of simd/dot_*.h. Internal linkage keeps its instructions out of
// other object files. A few rows stay in cache while panels of weights pass by, each used for all row tiles.
#pragma once

#include "kernels/matmul_i8/matmul_i8.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_i8.h"

namespace npuspeech {
namespace {

static_assert(kPanelI8 == kMatmulI8Panel);

/// Applies zero points, scales, bias and residual to a tile's sums, and writes them.
struct FinishedOut {
  const MatmulI8& p;
  /// The row whose line fetch() fetches is the offset in bytes >> shift. All lines are fetched in the first
  /// half of the depth.
  int shift;
  int32_t multipliers[kTileRowsI8];

  FinishedOut(const MatmulI8& product, int units)
      : p(product),
        shift(__builtin_clz(static_cast<unsigned>(2 * p.rows)) -
              __builtin_clz(static_cast<unsigned>(units * Quads::kUnit)) - 1) {
    if (shift < 0) shift = 0;
    for (int r = 0; r < p.rows; ++r)
      multipliers[r] = multiplierFor(p.rowScales[r].zeroPoint - (Quads::kSigned ? 128 : 0));
  }

  /// Fetches one line that the tile will write, which another core may hold. Fetched all at once at the end,
  /// they would stall the tile.
  NPUSPEECH_INLINE void fetch(size_t at) const {
    const size_t row = at >> shift;
    if (row << shift != at || row >= static_cast<size_t>(p.rows)) return;
    const float* line = p.out + row * p.outStride;
    unrolled<kTilePanelsI8>([&](auto panel) NPUSPEECH_INLINE { prefetchWrite(line + panel * kPanelI8); });
  }
  template <int kRows>
  NPUSPEECH_INLINE void take(int v, const I32 (&products)[kRows]) const {
    const int column = v * kLanes;
    const F32 scales = load(p.weights.scales + column);
    const I32 sums = loadInt(p.weights.sums + column);
    const F32 bias = p.bias ? load(p.bias + column) : broadcast(0);
    const RowScale* const rowScales = p.rowScales;
    static constexpr float kNothing[kTilePanelsI8 * kPanelI8] = {};
    const float* const residual = (p.residual ? p.residual : kNothing) + column;
    const size_t outStride = p.outStride, residualStride = p.residual ? p.residualStride : 0;
    float* const out = p.out + column;
    unrolled<kRows>([&](auto r) NPUSPEECH_INLINE {
      const I32 sum = subtractMultiple(products[r], sums, broadcastInt(multipliers[r]));
      const F32 x = fma(toFloat(sum), broadcast(rowScales[r].scale) * scales, bias);
      store(out + r * outStride, x + load(residual + r * residualStride));
    });
  }
};

/// Computes one tile without an activation: up to kTileRowsI8 rows at `a`, by whole panels.
void plainTile(const MatmulI8& p, const unsigned char* a, size_t stride, int panels) {
  const int units = (p.weights.depth + kMatmulI8Quad - 1) / kMatmulI8Quad;
  const auto tile = panels == 1 ? tileFor<Quads, 1, kTileRowsI8, FinishedOut>(p.rows)
                                : tileFor<Quads, kTilePanelsI8, kTileRowsI8, FinishedOut>(p.rows);
  tile(a, stride, reinterpret_cast<const unsigned char*>(p.weights.values), units, FinishedOut(p, units));
}

/// Computes any tile through a buffer. Packed weights are padded to whole panels but the caller's operands
/// are not, and GELU does not fit into registers beside the sums.
void bufferedTile(const MatmulI8& p, const unsigned char* a, size_t stride, int panels) {
  alignas(64) float buffer[kTileRowsI8 * kTilePanelsI8 * kPanelI8], bias[kTilePanelsI8 * kPanelI8];
  const int width = panels * kPanelI8, columns = p.weights.columns;
  MatmulI8 plain = p;
  plain.out = buffer;
  plain.outStride = static_cast<size_t>(width);
  plain.residual = nullptr;
  if (p.bias && columns < width) {
    for (int c = 0; c < width; c += kLanes)
      store(bias + c,
            c < columns ? loadFirst(p.bias + c, columns - c < kLanes ? columns - c : kLanes) : broadcast(0));
    plain.bias = bias;
  }
  plainTile(plain, a, stride, panels);
  for (int c = 0; c < columns; c += kLanes) {
    const int lanes = columns - c;
    const bool whole = lanes >= kLanes;
    const float* residual = p.residual ? p.residual + c : nullptr;
    float* out = p.out + c;
    for (int r = 0; r < p.rows; ++r, out += p.outStride) {
      F32 x = load(buffer + r * width + c);
      if (p.activation == Activation::Gelu) x = gelu(x);
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

void matmul(const MatmulI8& p, [[maybe_unused]] unsigned char* scratch) {
  const unsigned char* a = p.a;
  size_t stride = p.aStride;
  constexpr int kTogether = Quads::kRows;
  const int groups = (p.rows + kTogether - 1) / kTogether;
  if constexpr (Quads::kCopies) {
    const int units = (p.weights.depth + kMatmulI8Quad - 1) / kMatmulI8Quad;
    a = scratch;
    stride = matmulI8CopiedRow(p.weights.depth);
    for (int r = 0; r < groups * kTogether; ++r) {
      const int row = r < p.rows ? r : p.rows - 1;  // the last row also fills the rest of its group
      Quads::copy(p.a + static_cast<size_t>(row) * p.aStride, units,
                  scratch + static_cast<size_t>(r - r % kTogether) * stride + r % kTogether * Quads::kUnit);
    }
  }
  // Tiles of nearly the same height: 16 rows are 8 + 8, not 14 + 2.
  const int tiles = (p.rows + kTileRowsI8 - 1) / kTileRowsI8;
  const auto firstRow = [&](int tile) {
    const int row = groups * tile / tiles * kTogether;
    return row < p.rows ? row : p.rows;
  };
  // Few rows are bound by reading the weights: one panel after the other is one sequential stream.
  const int most = p.rows < 5 ? 1 : kTilePanelsI8;
  for (int column = 0, panels; column < p.weights.columns; column += panels * kPanelI8) {
    const int left = p.weights.columns - column;
    panels = left >= most * kPanelI8 ? most : 1;
    const int columns = left < kPanelI8 ? left : panels * kPanelI8;
    for (int t = 0; t < tiles; ++t) {
      const int row = firstRow(t);
      const MatmulI8 tile = matmulI8Part(p, row, firstRow(t + 1) - row, column, columns);
      const unsigned char* rows = a + static_cast<size_t>(row) * stride;
      const bool isPlain = columns == panels * kPanelI8 && p.activation == Activation::None;
      (isPlain ? plainTile : bufferedTile)(tile, rows, stride, panels);
    }
  }
}

}  // namespace
}  // namespace npuspeech
