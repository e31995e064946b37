// SPDX-License-Identifier: LGPL-2.1-or-later
// Products of small integers for AArch64 with 8-bit matrix multiply: the Quads of matmul_i8, with a register
// tile of their own in place of that of tile_i8.h. Internal linkage keeps its instructions out of other
// object files.
//
// An instruction multiplies two rows by two columns, eight values of each. Rows are copied that way, eight
// values of one beside eight of the next. Columns lie in quads: those of two units are zipped when they are
// read, which every pair of rows of a tile shares.
#pragma once

#include "kernels/simd/neon.h"
#include "kernels/simd/tile_i8.h"

namespace npuspeech {
namespace {

constexpr int kTileRowsI8 = 10;  // 10 x 8 sums take 20 of the 32 registers, columns 4, rows up to 5
constexpr int kTilePanelsI8 = 1;

/// Multiplies eight bytes of two rows by eight signed bytes of two columns.
struct Quads {
  static constexpr bool kCopies = true;  // rows are copied before they are multiplied
  static constexpr bool kSigned = true;  // 128 is subtracted from rows: the instruction takes equal signs
  static constexpr int kRows = 2;        // rows that are multiplied, and copied, side by side
  static constexpr int kUnit = 8;        // the bytes of four values of each row in the copy
  static void copy(const uint8_t* from, int units, unsigned char* to) {
    for (int i = 0; i < units; ++i) {
      uint32_t unit;
      __builtin_memcpy(&unit, from + i * 4, sizeof unit);
      unit ^= 0x80808080;
      __builtin_memcpy(to + i / 2 * 16 + i % 2 * 4, &unit, sizeof unit);
    }
    // What follows an odd last unit meets columns of zeros.
  }
};

/// The tileI8() of these Quads. Up to four rows take a panel's 16 columns at once, as one sequential
/// stream; more rows take it in halves, where a pair of columns that was zipped meets more of them.
template <int kRows, class Out>
[[gnu::noinline]] void mmlaTileI8(const unsigned char* a, size_t stride, const unsigned char* weights,
                                  int units, const Out& out) {
  constexpr int kPairs = (kRows + 1) / 2, kWide = kPairs > 2 ? kVectorsI8 / 2 : kVectorsI8;
  constexpr size_t kVectorBytes = 16, kPanelBytes = kVectorsI8 * kVectorBytes;
  const unsigned char* pairs[kPairs];
  unrolled<kPairs>([&](auto i) NPUSPEECH_INLINE { pairs[i] = a + static_cast<size_t>(2 * i) * stride; });
  const size_t whole = static_cast<size_t>(units / 2) * 2 * Quads::kUnit;

#pragma GCC unroll 1
  for (int first = 0; first < kVectorsI8; first += kWide) {
    // Of two rows and two columns each: row 0 by column 0 and 1, row 1 by column 0 and 1.
    I32 acc[kWide][kPairs][2];
    unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
      unrolled<kPairs>([&](auto i) NPUSPEECH_INLINE { acc[v][i][0] = acc[v][i][1] = broadcastInt(0); });
    });
    const unsigned char* from = weights + static_cast<size_t>(first) * kVectorBytes;
    size_t at = 0;
    const auto step = [&](auto isWhole) NPUSPEECH_INLINE {
      int8x16_t columns[kWide][2];
      unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
        const auto quads = [&](size_t unit) NPUSPEECH_INLINE {
          return vreinterpretq_s32_u8(vld1q_u8(from + unit * kPanelBytes + v * kVectorBytes));
        };
        const int32x4_t low = quads(0), high = isWhole ? quads(1) : broadcastInt(0);
        columns[v][0] = vreinterpretq_s8_s32(vzip1q_s32(low, high));
        columns[v][1] = vreinterpretq_s8_s32(vzip2q_s32(low, high));
      });
      out.fetch(at);
      unrolled<kPairs>([&](auto i) NPUSPEECH_INLINE {
        const int8x16_t rows = vreinterpretq_s8_u8(vld1q_u8(pairs[i] + at));
        unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
          acc[v][i][0] = vmmlaq_s32(acc[v][i][0], rows, columns[v][0]);
          acc[v][i][1] = vmmlaq_s32(acc[v][i][1], rows, columns[v][1]);
        });
      });
      from += 2 * kPanelBytes;
      at += 2 * Quads::kUnit;
    };
#pragma GCC unroll 1
    while (at < whole) step(std::true_type{});
    if (units % 2) step(std::false_type{});

    unrolled<kWide>([&](auto v) NPUSPEECH_INLINE {
      I32 sums[kRows];
      unrolled<kRows>([&](auto r) NPUSPEECH_INLINE {
        const int64x2_t left = vreinterpretq_s64_s32(acc[v][r / 2][0]);
        const int64x2_t right = vreinterpretq_s64_s32(acc[v][r / 2][1]);
        sums[r] = vreinterpretq_s32_s64(r % 2 ? vzip2q_s64(left, right) : vzip1q_s64(left, right));
      });
      out.take(first + v, sums);
    });
  }
}

template <int kRows, class Out>
constexpr TileFunctionI8<Out>* kTileI8<Quads, kRows, 1, Out> = mmlaTileI8<kRows, Out>;

}  // namespace
}  // namespace npuspeech
