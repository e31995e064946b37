// SPDX-License-Identifier: LGPL-2.1-or-later
// Dot products of small integers for AVX-VNNI, as tile_i8.h takes them. Internal linkage keeps its
// instructions out of other object files.
#pragma once

#include "kernels/simd/avx2.h"

namespace npuspeech {
namespace {

constexpr int kTileRowsI8 = 6;  // 6 x 16 sums take 12 of the 16 registers
constexpr int kTilePanelsI8 = 1;

/// Multiplies four unsigned bytes of a row by four signed bytes of each column.
struct Quads {
  static constexpr bool kCopies = false;  // rows are multiplied without a copy
  static constexpr bool kSigned = false;  // rows are multiplied as unsigned bytes
  static constexpr int kRows = 1;         // rows are multiplied one by one
  static constexpr int kUnit = 4;         // the bytes of four values in a copied row
  static constexpr int kColumnUnit = 4;   // the bytes of four values in a column
  using Row = __m256i;
  using Columns = __m256i;
  static void copy(const uint8_t* from, int units, unsigned char* to) {
    __builtin_memcpy(to, from, static_cast<size_t>(units) * 4);
  }
  static Row row(const unsigned char* p) {
    int32_t unit;
    __builtin_memcpy(&unit, p, sizeof unit);
    return broadcastInt(unit);
  }
  static Columns columns(const unsigned char* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static I32 dot(I32 sum, Row a, Columns w) { return _mm256_dpbusd_avx_epi32(sum, a, w); }
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
  return _mm256_dpwssd_avx_epi32(sum, split, multiplier);
}

}  // namespace
}  // namespace npuspeech
