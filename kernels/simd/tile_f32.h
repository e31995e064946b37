// SPDX-License-Identifier: LGPL-2.1-or-later
// A register tile of a float32 product, over the F32 of avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
//
// A tile of rows x panels * 16 sums stays in registers over the whole depth. Its rows of `a` are copied
// first, in pieces of kPiece, so that they lie at constant offsets from one pointer and never fall into the
// same few cache sets, as rows of 2048 floats would.
#pragma once

#include <cstring>
#include <utility>

namespace npuspeech {
namespace {

constexpr int kPanel = 16;                 // columns of a panel: [depth][16] floats
constexpr int kPiece = 128;                // floats of a row that are copied together
constexpr int kVectors = kPanel / kLanes;  // vectors in a panel's row
constexpr size_t kAhead = 512;             // how many floats ahead a panel is prefetched
// 14 x 32 sums take 28 of the 32 registers of AVX-512; 6 x 16 take 12 of AVX2's 16 and 24 of AArch64's 32.
constexpr int kTileRows = kLanes == 16 ? 14 : 6;
constexpr int kTilePanels = kLanes == 16 ? 2 : 1;

/// Computes sums[r][p * 16 + c] of kRows rows, which are copied as [pieces][kRows][kPiece], and kPanels
/// panels, each `depth` * 16 floats after the one before. Where there are few rows, kUnroll independent
/// chains hide the latency of the multiply-adds.
template <int kRows, int kPanels, int kUnroll>
void tileSums(const float* a, const float* weights, int depth, float* sums) {
  constexpr int kWide = kPanels * kVectors;
  const size_t panelStride = static_cast<size_t>(depth) * kPanel;
  const auto column = [&](const float* w, int v) {
    return load(w + static_cast<size_t>(v / kVectors) * panelStride + v % kVectors * kLanes);
  };
  F32 acc[kUnroll][kRows][kWide];
#pragma GCC unroll 64
  for (int u = 0; u < kUnroll; ++u)
#pragma GCC unroll 64
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
      for (int v = 0; v < kWide; ++v) acc[u][r][v] = broadcast(0);

  const float* w = weights;
  for (int left = depth; left > 0; left -= kPiece, a += kRows * kPiece) {
    const int piece = left < kPiece ? left : kPiece;
    int d = 0;
    for (; d + kUnroll <= piece; d += kUnroll) {
#pragma GCC unroll 64
      for (int u = 0; u < kUnroll; ++u, w += kPanel) {
        F32 row[kWide];
#pragma GCC unroll 64
        for (int v = 0; v < kWide; ++v) row[v] = column(w, v);
#pragma GCC unroll 64
        for (int p = 0; p < kPanels; ++p) prefetch(w + static_cast<size_t>(p) * panelStride + kAhead);
#pragma GCC unroll 64
        for (int r = 0; r < kRows; ++r) {
          const F32 x = broadcast(a[r * kPiece + d + u]);
#pragma GCC unroll 64
          for (int v = 0; v < kWide; ++v) acc[u][r][v] = fma(x, row[v], acc[u][r][v]);
        }
      }
    }
    for (; d < piece; ++d, w += kPanel)
#pragma GCC unroll 64
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
        for (int v = 0; v < kWide; ++v)
          acc[0][r][v] = fma(broadcast(a[r * kPiece + d]), column(w, v), acc[0][r][v]);
  }

#pragma GCC unroll 64
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
    for (int v = 0; v < kWide; ++v) {
      F32 sum = acc[0][r][v];
#pragma GCC unroll 64
      for (int u = 1; u < kUnroll; ++u) sum = sum + acc[u][r][v];
      store(sums + (r * kWide + v) * kLanes, sum);
    }
}

/// Eight chains keep two multiply-add units with a latency of four cycles busy.
constexpr int unrollFor(int chains) {
  return chains >= 8 ? 1 : chains >= 4 ? 2 : chains >= 2 ? 4 : 8;
}

using TileFunction = void(const float* a, const float* weights, int depth, float* sums);

struct TileTable {
  TileFunction* rows[kTileRows];
};
template <int kPanels, int... kRow>
constexpr TileTable tileTable(std::integer_sequence<int, kRow...>) {
  return {{tileSums<kRow + 1, kPanels, unrollFor((kRow + 1) * kPanels * kVectors)>...}};
}
/// The tile functions: kTiles[panels - 1].rows[rows - 1].
constexpr TileTable kTiles[kTilePanels] = {
    tileTable<1>(std::make_integer_sequence<int, kTileRows>()),
#if defined(__AVX512F__)
    tileTable<2>(std::make_integer_sequence<int, kTileRows>()),
#endif
};

/// The number of floats of a copied row.
constexpr size_t copiedSize(int depth) {
  return static_cast<size_t>((depth + kPiece - 1) / kPiece) * kPiece;
}

/// Copies `rows` rows of `depth` floats into [pieces][rows][kPiece].
inline void copyRows(const float* a, size_t stride, int rows, int depth, float* tile) {
  for (int d = 0; d < depth; d += kPiece)
    for (int r = 0; r < rows; ++r, tile += kPiece) {
      const int piece = depth - d < kPiece ? depth - d : kPiece;
      std::memcpy(tile, a + static_cast<size_t>(r) * stride + d, static_cast<size_t>(piece) * sizeof(float));
    }
}

}  // namespace
}  // namespace npuspeech
