// SPDX-License-Identifier: LGPL-2.1-or-later
// A register tile of a product of small integers, over the Quads of one of the dot_*.h. It is tile_f32.h
// with units of four bytes in place of floats. Internal linkage keeps its instructions out of other object
// files.
#pragma once

#include "kernels/simd/unrolled.h"

namespace npuspeech {
namespace {

constexpr int kPanelI8 = 16;                   // columns of a panel: [units][16] units
constexpr int kVectorsI8 = kPanelI8 / kLanes;  // vectors in a panel's row

/// Eight chains cover the latency of the dot product instructions (5 cycles, two a cycle) as far as registers
/// allow.
constexpr int unrollForI8(int chains) {
  return chains >= 8 ? 1 : chains >= 4 ? 2 : chains >= 2 ? 4 : 8;
}

/// Multiplies kRows rows, `stride` bytes apart, by kPanels panels, each `units` rows after the one before.
/// The sums stay in registers until out.take(v, sums) takes them: sums[kRows] of the columns from v * kLanes
/// on, where v is a constant. Before that, out.fetch(at) is called for every unit, `at` bytes into the rows,
/// so that it can prefetch what take() needs.
template <class Op, int kRows, int kPanels, class Out>
[[gnu::noinline]] void tileI8(const unsigned char* a, size_t stride, const unsigned char* weights, int units,
                              const Out& out) {
  constexpr int kWide = kPanels * kVectorsI8, kUnroll = unrollForI8(kRows * kWide);
  constexpr size_t kPanelBytes = kPanelI8 * Op::kColumnUnit;  // of a panel's row
  const size_t panelStride = static_cast<size_t>(units) * kPanelBytes;
  // Three rows share a pointer, so that they all stay in registers.
  const unsigned char* bases[(kRows + 2) / 3];
  unrolled<(kRows + 2) / 3>([&](auto i)
                                NPUSPEECH_INLINE { bases[i] = a + static_cast<size_t>(3 * i) * stride; });
  const size_t twoRows = 2 * stride;
  I32 acc[kUnroll][kWide][kRows];
  unrolled<kUnroll>([&](auto u) NPUSPEECH_INLINE {
    unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
      unrolled<kRows>([&](auto r) NPUSPEECH_INLINE { acc[u][v][r] = broadcastInt(0); });
    });
  });

  size_t at = 0;
  const auto step = [&](auto u) NPUSPEECH_INLINE {
    typename Op::Columns columns[kWide];
    unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
      columns[v] = Op::columns(weights + static_cast<size_t>(v / kVectorsI8) * panelStride +
                               v % kVectorsI8 * kLanes * Op::kColumnUnit);
    });
    // The next tile's panels. One panel alone is one stream, which the hardware follows better than we do.
    if constexpr (kPanels > 1)
      unrolled<kPanels>([&](auto p) NPUSPEECH_INLINE {
        prefetch(weights + static_cast<size_t>(p + kPanels) * panelStride);
      });
    out.fetch(at);
    unrolled<kRows>([&](auto r) NPUSPEECH_INLINE {
      const auto row = Op::row(bases[r / 3] + at + (r % 3 == 0 ? 0 : r % 3 == 1 ? stride : twoRows));
      unrolled<kWide>([&](auto v)
                          NPUSPEECH_INLINE { acc[u][v][r] = Op::dot(acc[u][v][r], row, columns[v]); });
    });
    weights += kPanelBytes;
    at += Op::kUnit;
  };
  const size_t whole = static_cast<size_t>(units / kUnroll * kUnroll) * Op::kUnit;
  const size_t end = static_cast<size_t>(units) * Op::kUnit;
#pragma GCC unroll 1
  while (at < whole) unrolled<kUnroll>(step);
#pragma GCC unroll 1
  while (at < end) step(std::integral_constant<int, 0>{});

  // Without this, GCC 12 spills inside the loop the values that do not fit into registers after it.
  unrolled<kUnroll>([&](auto u) NPUSPEECH_INLINE {
    unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
      unrolled<kRows>([&](auto r) NPUSPEECH_INLINE { pin(acc[u][v][r]); });
    });
  });
  unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
    unrolled<kUnroll - 1>([&](auto u) NPUSPEECH_INLINE {
      unrolled<kRows>([&](auto r) NPUSPEECH_INLINE { acc[0][v][r] = add(acc[0][v][r], acc[u + 1][v][r]); });
    });
    out.take(v, acc[0][v]);
  });
}

template <class Out>
using TileFunctionI8 = void(const unsigned char* a, size_t stride, const unsigned char* weights, int units,
                            const Out& out);

/// The tile of an operation; mmla_neon.h has one of its own.
template <class Op, int kRows, int kPanels, class Out>
constexpr TileFunctionI8<Out>* kTileI8 = tileI8<Op, kRows, kPanels, Out>;

/// The tile function of an operation for kPanels panels and 1 to kMostRows rows.
template <class Op, int kPanels, int kMostRows, class Out>
TileFunctionI8<Out>* tileFor(int rows) {
  struct Table {
    TileFunctionI8<Out>* rows[kMostRows];
  };
  static constexpr Table kTiles = []<int... kRow>(std::integer_sequence<int, kRow...>) {
    return Table{{kTileI8<Op, kRow + 1, kPanels, Out>...}};
  }
  (std::make_integer_sequence<int, kMostRows>());
  return kTiles.rows[rows - 1];
}

}  // namespace
}  // namespace npuspeech
