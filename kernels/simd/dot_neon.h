// SPDX-License-Identifier: LGPL-2.1-or-later
// Dot products of small integers for AArch64, with the dot product extension where the file is built for it,
// as tile_i8.h takes them. Internal linkage keeps its instructions out of other object files.
#pragma once

#include "kernels/simd/neon.h"

namespace npuspeech {
namespace {

#if defined(__ARM_FEATURE_DOTPROD)
constexpr int kTileRowsI8 = 6;  // 6 x 16 sums take 24 of the 32 registers
#else
constexpr int kTileRowsI8 = 4;  // 16 registers of sums, 4 of weights, the rest for products
#endif
constexpr int kTilePanelsI8 = 1;

inline int32x4_t broadcastUnit(const unsigned char* p) {
  int32_t unit;
  __builtin_memcpy(&unit, p, sizeof unit);
  return vdupq_n_s32(unit);
}

/// Multiplies four bytes of a row by four signed bytes of each column.
struct Quads {
  static constexpr bool kCopies = true;  // rows are copied before they are multiplied
  static constexpr bool kSigned = true;  // 128 is subtracted from rows: signs must be equal
  static constexpr int kRows = 1;        // rows are multiplied one by one
  static constexpr int kUnit = 4;        // the bytes of four values in a copied row
  static constexpr int kColumnUnit = 4;  // the bytes of four values in a column
  using Row = int8x16_t;
  using Columns = int8x16_t;
  static void copy(const uint8_t* from, int units, unsigned char* to) {
    for (int i = 0; i < units * 4; ++i) to[i] = from[i] ^ 0x80;
  }
  static Row row(const unsigned char* p) { return vreinterpretq_s8_s32(broadcastUnit(p)); }
  static Columns columns(const unsigned char* p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
  static I32 dot(I32 sum, Row a, Columns w) {
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sum, w, a);
#else
    // Two products of at most 128 * 127 fit into 16 bits.
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(w)), high = vmull_high_s8(a, w);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
#endif
  }
};

/// Multiplies four bytes of a row, from 0 to 127 and not copied, by four signed bytes of each column.
using SmallQuads = Quads;

}  // namespace
}  // namespace npuspeech
