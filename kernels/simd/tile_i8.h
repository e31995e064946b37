// SPDX-License-Identifier: LGPL-2.1-or-later
// A register tile of a product of small integers, over the Quads and Pairs of one of the dot_*.h. It is
// tile_f32.h with units of four bytes (four 8-bit or two 16-bit values) in place of floats. Internal linkage
// on purpose.
#pragma once

#include <utility>

namespace npuspeech {
namespace {

constexpr int kPanelI8 = 16;                   // columns of a panel: [units][16] units
constexpr int kVectorsI8 = kPanelI8 / kLanes;  // in a panel's row
constexpr size_t kAheadI8 = 2048;              // bytes that a panel is prefetched ahead

/// sums[r][p * 16 + c] of kRows rows, `stride` bytes apart, and kPanels panels, each `units` rows after the
/// one before. kUnroll independent chains hide the latency of the instructions where there are few rows.
template <class Op, int kRows, int kPanels, int kUnroll>
void tileSumsI8(const unsigned char* a, size_t stride, const unsigned char* weights, int units,
                int32_t* sums) {
  constexpr int kWide = kPanels * kVectorsI8;
  constexpr size_t kPanelBytes = kPanelI8 * Op::kColumnUnit;  // of a panel's row
  const size_t panelStride = static_cast<size_t>(units) * kPanelBytes;
  const auto column = [&](const unsigned char* w, int v) {
    return Op::columns(w + static_cast<size_t>(v / kVectorsI8) * panelStride +
                       v % kVectorsI8 * kLanes * Op::kColumnUnit);
  };
  // Three rows share a pointer, so that they all stay in registers.
  const unsigned char* bases[(kRows + 2) / 3];
#pragma GCC unroll 64
  for (int i = 0; i < (kRows + 2) / 3; ++i) bases[i] = a + static_cast<size_t>(3 * i) * stride;
  const size_t twoRows = 2 * stride;
  const auto row = [&](int r, size_t at) {
    return Op::row(bases[r / 3] + at + (r % 3 == 0 ? 0 : r % 3 == 1 ? stride : twoRows));
  };
  I32 acc[kUnroll][kRows][kWide];
#pragma GCC unroll 64
  for (int u = 0; u < kUnroll; ++u)
#pragma GCC unroll 64
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
      for (int v = 0; v < kWide; ++v) acc[u][r][v] = broadcastInt(0);

  // This form of the loop is what GCC 12 unrolls far enough: it moves all sums through memory wherever a
  // round of the loop ends.
  const unsigned char* w = weights;
  size_t at = 0;
  const size_t whole = static_cast<size_t>(units / kUnroll * kUnroll) * Op::kUnit;
  const size_t end = static_cast<size_t>(units) * Op::kUnit;
  while (at < whole) {
#pragma GCC unroll 64
    for (int u = 0; u < kUnroll; ++u, w += kPanelBytes, at += Op::kUnit) {
      typename Op::Columns columns[kWide];
#pragma GCC unroll 64
      for (int v = 0; v < kWide; ++v) columns[v] = column(w, v);
#pragma GCC unroll 64
      for (int p = 0; p < kPanels; ++p) prefetch(w + static_cast<size_t>(p) * panelStride + kAheadI8);
#pragma GCC unroll 64
      for (int r = 0; r < kRows; ++r) {
        const typename Op::Row x = row(r, at);
#pragma GCC unroll 64
        for (int v = 0; v < kWide; ++v) acc[u][r][v] = Op::dot(acc[u][r][v], x, columns[v]);
      }
    }
  }
  for (; at < end; at += Op::kUnit, w += kPanelBytes)
#pragma GCC unroll 64
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
      for (int v = 0; v < kWide; ++v) acc[0][r][v] = Op::dot(acc[0][r][v], row(r, at), column(w, v));

#pragma GCC unroll 64
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 64
    for (int v = 0; v < kWide; ++v) {
      I32 sum = acc[0][r][v];
#pragma GCC unroll 64
      for (int u = 1; u < kUnroll; ++u) sum = add(sum, acc[u][r][v]);
      storeInt(sums + (r * kWide + v) * kLanes, sum);
    }
}

/// Eight chains cover the latency of the dot product instructions (5 cycles, two a cycle) as far as registers
/// allow.
constexpr int unrollForI8(int chains) {
  return chains >= 8 ? 1 : chains >= 4 ? 2 : chains >= 2 ? 4 : 8;
}

using TileFunctionI8 = void(const unsigned char* a, size_t stride, const unsigned char* weights, int units,
                            int32_t* sums);

struct TileTableI8 {
  TileFunctionI8* rows[kTileRowsI8];
};
template <class Op, int kPanels, int... kRow>
constexpr TileTableI8 tileTableI8(std::integer_sequence<int, kRow...>) {
  return {{tileSumsI8<Op, kRow + 1, kPanels, unrollForI8((kRow + 1) * kPanels * kVectorsI8)>...}};
}
/// The tile function of an operation for up to kTilePanelsI8 panels and kTileRowsI8 rows.
template <class Op>
TileFunctionI8* tileFor(int panels, int rows) {
  static constexpr TileTableI8 kOne = tileTableI8<Op, 1>(std::make_integer_sequence<int, kTileRowsI8>());
  static constexpr TileTableI8 kAll =
      tileTableI8<Op, kTilePanelsI8>(std::make_integer_sequence<int, kTileRowsI8>());
  return (panels == 1 ? kOne : kAll).rows[rows - 1];
}

}  // namespace
}  // namespace npuspeech
