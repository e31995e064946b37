// SPDX-License-Identifier: LGPL-2.1-or-later
// Dot products of small integers for AVX512-VNNI, as tile_i8.h takes them. Internal linkage keeps its
// instructions out of other object files.
#pragma once

#include "kernels/simd/avx512.h"

namespace npuspeech {
namespace {

constexpr int kTileRowsI8 = 14;  // 14 x 32 sums take 28 of the 32 registers
constexpr int kTilePanelsI8 = 2;

/// Multiplies four unsigned bytes of a row by four signed bytes of each column.
struct Quads {
  static constexpr bool kCopies = false;  // rows are multiplied without a copy
  static constexpr bool kSigned = false;  // rows are multiplied as unsigned bytes
  static constexpr int kRows = 1;         // rows are multiplied one by one
  static constexpr int kUnit = 4;         // the bytes of four values in a copied row
  static constexpr int kColumnUnit = 4;   // the bytes of four values in a column
  using Row = __m512i;
  using Columns = __m512i;
  static void copy(const uint8_t* from, int units, unsigned char* to) {
    __builtin_memcpy(to, from, static_cast<size_t>(units) * 4);
  }
  static Row row(const unsigned char* p) {
    int32_t unit;
    __builtin_memcpy(&unit, p, sizeof unit);
    return _mm512_set1_epi32(unit);
  }
  static Columns columns(const unsigned char* p) { return _mm512_loadu_si512(p); }
  static I32 dot(I32 sum, Row a, Columns w) { return _mm512_dpbusd_epi32(sum, a, w); }
};

/// Multiplies four bytes of a row, from 0 to 127 and not copied, by four signed bytes of each column.
using SmallQuads = Quads;

/// Converts `factor`, from -255 to 255, to the multiplier that subtractMultiple() takes.
inline int32_t multiplierFor(int32_t factor) {
  return static_cast<int32_t>((static_cast<uint32_t>(-factor) & 0xffff) | static_cast<uint32_t>(-factor) * 128
                                                                              << 16);
}
/// Returns sum - factor * s. `split` holds s as s mod 128 in its low half and s >> 7 in its high half.
inline I32 subtractMultiple(I32 sum, I32 split, I32 multiplier) {
  return _mm512_dpwssd_epi32(sum, split, multiplier);
}

}  // namespace
}  // namespace npuspeech
