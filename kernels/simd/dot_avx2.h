// SPDX-License-Identifier: LGPL-2.1-or-later
// Dot products of small integers for AVX2, as tile_i8.h takes them. Internal linkage keeps its instructions
// out of other object files.
//
// vpmaddubsw would saturate, so bytes are widened to 16 bits, even and odd ones apart: rows when they are
// copied, weights when they are read.
#pragma once

#include "kernels/simd/avx2.h"

namespace npuspeech {
namespace {

constexpr int kTileRowsI8 = 4;  // 4 x 16 sums, 4 registers of weights, 2 of a row, 1 product
constexpr int kTilePanelsI8 = 1;

inline __m256i broadcastUnit(const unsigned char* p) {
  int32_t unit;
  __builtin_memcpy(&unit, p, sizeof unit);
  return broadcastInt(unit);
}

/// Multiplies four unsigned bytes of a row by four signed bytes of each column.
struct Quads {
  static constexpr bool kCopies = true;   // rows are copied before they are multiplied
  static constexpr bool kSigned = false;  // rows are multiplied as unsigned bytes
  static constexpr int kRows = 1;         // rows are multiplied one by one
  static constexpr int kUnit = 8;         // the bytes of four values in a copied row
  static constexpr int kColumnUnit = 4;   // the bytes of four values in a column
  struct Row {
    __m256i even, odd;
  };
  struct Columns {
    __m256i even, odd;
  };
  static void copy(const uint8_t* from, int units, unsigned char* to) {
    for (int i = 0; i < units; ++i, from += 4, to += 8) {
      uint32_t unit;
      __builtin_memcpy(&unit, from, sizeof unit);
      const uint32_t halves[2] = {unit & 0x00ff00ff, unit >> 8 & 0x00ff00ff};
      __builtin_memcpy(to, halves, sizeof halves);
    }
  }
  static Row row(const unsigned char* p) { return {broadcastUnit(p), broadcastUnit(p + 4)}; }
  static Columns columns(const unsigned char* p) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
  }
  static I32 dot(I32 sum, Row a, Columns w) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a.even, w.even));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a.odd, w.odd));
  }
};

/// Multiplies four bytes of a row, from 0 to 127 and not copied, by four signed bytes of each column. Two
/// products of at most 127 * 127 fit into 16 bits.
struct SmallQuads {
  static constexpr int kUnit = 4, kColumnUnit = 4;
  using Row = __m256i;
  using Columns = __m256i;
  static Row row(const unsigned char* p) { return broadcastUnit(p); }
  static Columns columns(const unsigned char* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static I32 dot(I32 sum, Row a, Columns w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), _mm256_set1_epi16(1)));
  }
};

/// Converts `factor`, from -255 to 255, to the multiplier that subtractMultiple() takes.
inline int32_t multiplierFor(int32_t factor) {
  return static_cast<int32_t>((static_cast<uint32_t>(factor) & 0xffff) | static_cast<uint32_t>(factor) * 128
                                                                             << 16);
}
/// Returns sum - factor * s. `split` holds s as s mod 128 in its low half and s >> 7 in its high half.
inline I32 subtractMultiple(I32 sum, I32 split, I32 multiplier) {
  return _mm256_sub_epi32(sum, _mm256_madd_epi16(split, multiplier));
}

}  // namespace
}  // namespace npuspeech
