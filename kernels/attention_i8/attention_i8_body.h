// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of attention_i8 and of decode_attention_i8, over one of simd/dot_*.h. Internal linkage
// keeps its instructions out of other object files.
//
// A tile of queries meets the keys block by block: the block's scores (14 x 256) and weights stay in L1, its
// share of the result is an exact integer that is added to a float sum. The one whose largest score is the
// smaller is scaled down before.
#pragma once

#include <math.h>

#include "kernels/attention_i8/attention_i8.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_i8.h"

namespace npuspeech {
namespace {

constexpr int kMaxHeadDim = 128;
constexpr int kBlock = kAttentionI8Block;
constexpr float kLog2Unit = 6.9772799f;  // log2 of kAttentionI8Unit, the weight of the largest score

/// Rounds a row to scale * [-127, 127] and stores it as unsigned bytes, 128 being zero; returns the scale.
inline float quantizeRow(const float* x, int headDim, uint8_t* out, int32_t* sum) {
  F32 largest = broadcast(0);
  for (int d = 0; d < headDim; d += kLanes) largest = max(largest, abs(load(x + d)));
  const float extent = maxOf(largest);
  const float inverse = extent >= 1e-30f ? 127.0f / extent : 0.0f;
  I32 values = broadcastInt(0);
  for (int d = 0; d < headDim; d += kLanes) {
    const I32 value = toInt(load(x + d) * broadcast(inverse));
    values = add(values, value);
    storeBytes(out + d, add(value, broadcastInt(128)));
  }
  *sum = sumOfInts(values);
  return inverse > 0 ? extent / 127.0f : 0.0f;
}

inline void packKeys(const float* k, size_t stride, size_t keys, size_t padded, int headDim,
                     const AttentionI8Head& out) {
  const size_t dim = static_cast<size_t>(headDim);
  for (size_t j = 0; j < padded; ++j) {
    alignas(64) uint8_t row[kMaxHeadDim];
    int32_t sum = 0;
    int8_t* to = out.keys + j / 16 * 16 * dim + j % 16 * 4;
    if (j < keys) {
      out.scales[j] = quantizeRow(k + j * stride, headDim, row, &sum);
    } else {
      out.scales[j] = 0;
      for (size_t d = 0; d < dim; ++d) row[d] = 128;
    }
    out.offsets[j] = -128 * sum;
    for (size_t d = 0; d < dim; d += 4, to += 64) {
      uint32_t unit;
      __builtin_memcpy(&unit, row + d, sizeof unit);
      unit ^= 0x80808080;  // to signed bytes
      __builtin_memcpy(to, &unit, sizeof unit);
    }
  }
}

inline void packValues(const float* v, size_t stride, size_t keys, size_t padded, int headDim,
                       const AttentionI8Head& out) {
  alignas(64) float inverse[kMaxHeadDim];
  const size_t dim = static_cast<size_t>(headDim);
  float* scales = out.valueScales;
  for (size_t first = 0; first < padded; first += kBlock, scales += dim) {
    const size_t count = padded - first < kBlock ? padded - first : kBlock;
    const size_t end = first + count < keys ? first + count : keys;
    for (size_t d = 0; d < dim; d += kLanes) {
      F32 largest = broadcast(0);
      for (size_t j = first; j < end; ++j) largest = max(largest, abs(load(v + j * stride + d)));
      store(scales + d, largest);
    }
    for (size_t d = 0; d < dim; ++d) {
      inverse[d] = scales[d] >= 1e-30f ? 127.0f / scales[d] : 0.0f;
      scales[d] = inverse[d] > 0 ? scales[d] / 127.0f : 0.0f;
    }
    for (size_t j = first; j < first + count; j += 4)
      for (size_t d = 0; d < dim; d += kLanes) {
        const F32 factor = load(inverse + d);
        const auto value = [&](size_t key) {
          return key < keys ? toInt(load(v + key * stride + d) * factor) : broadcastInt(0);
        };
        int8_t* to = out.values + first * dim + d / 16 * 16 * count + (j - first) * 16 + d % 16 * 4;
        storeInt(reinterpret_cast<int32_t*>(to),
                 joinBytes(value(j), value(j + 1), value(j + 2), value(j + 3)));
      }
  }
}

inline void pack(const AttentionF32& p, int head, void* packed) {
  const AttentionI8Head out = attentionI8Head(packed, p.keys, p.headDim);
  const size_t column = static_cast<size_t>(head) * static_cast<size_t>(p.headDim);
  const size_t keys = static_cast<size_t>(p.keys), padded = attentionI8PaddedKeys(p.keys);
  packKeys(p.k + column, p.kStride, keys, padded, p.headDim, out);
  packValues(p.v + column, p.vStride, keys, padded, p.headDim, out);
}

constexpr int kRowSlots = (kTileRowsI8 + kLanes - 1) / kLanes * kLanes;

/// The state of a tile's queries from block to block, with one slot for each row.
struct TileState {
  alignas(64) float out[kTileRowsI8 * kMaxHeadDim];  // [rows][headDim], in units of 1 / total
  alignas(64) float factor[kRowSlots];  // from a dot product to a score, for a key of scale 1, in log 2
  alignas(64) float max[kRowSlots];     // largest score so far
  alignas(64) float total[kRowSlots];   // of the weights so far
  alignas(64) float down[kRowSlots];    // the factor for earlier sums where a block has a larger maximum
  alignas(64) float up[kRowSlots];      // the factor for the block's sums where an earlier one has a larger
};

/// Writes the scores of a tile's queries and the keys from `key` on, in units of log 2. Keys past the last
/// get -infinity.
struct ScoresOut {
  const AttentionI8Head& head;
  const float* keyBias;  // or null
  int keys, key;
  const TileState& state;
  float* scores;  // [rows][kBlock], from `key` on

  NPUSPEECH_INLINE void fetch(size_t) const {}
  template <int kRows>
  NPUSPEECH_INLINE void take(int v, const I32 (&products)[kRows]) const {
    const int first = key + v * kLanes, left = keys - first;
    F32 bias = broadcast(0);
    if (left < kLanes) {
      constexpr float kNone[kLanes] = {};
      bias = loadFirst(keyBias ? keyBias + first : kNone, left > 0 ? left : 0, -INFINITY) * broadcast(kLog2E);
    } else if (keyBias) {
      bias = load(keyBias + first) * broadcast(kLog2E);
    }
    const F32 scale = load(head.scales + first);
    const I32 offset = Quads::kSigned ? broadcastInt(0) : loadInt(head.offsets + first);
    unrolled<kRows>([&](auto r) NPUSPEECH_INLINE {
      store(scores + r * kBlock + v * kLanes,
            fma(toFloat(add(products[r], offset)) * scale, broadcast(state.factor[r]), bias));
    });
  }
};

/// Adds the result of a block to that of the blocks before it.
struct ValuesOut {
  const float* scales;  // of the values, from the tile's first column on
  const float* down;    // [rows]
  const float* up;      // [rows]
  float* out;           // [rows][kMaxHeadDim], from the tile's first column on

  NPUSPEECH_INLINE void fetch(size_t) const {}
  template <int kRows>
  NPUSPEECH_INLINE void take(int v, const I32 (&products)[kRows]) const {
    const F32 scale = load(scales + v * kLanes);
    unrolled<kRows>([&](auto r) NPUSPEECH_INLINE {
      float* sum = out + r * kMaxHeadDim + v * kLanes;
      store(sum, fma(toFloat(products[r]) * scale, broadcast(up[r]), load(sum) * broadcast(down[r])));
    });
  }
};

/// Returns the largest of `count` scores. `count` is a multiple of 32.
inline float largestOf(const float* scores, int count) {
  F32 max0 = load(scores), max1 = load(scores + kLanes);
  for (int j = 2 * kLanes; j < count; j += 2 * kLanes) {
    max0 = max(max0, load(scores + j));
    max1 = max(max1, load(scores + j + kLanes));
  }
  return maxOf(max(max0, max1));
}

/// Computes the weights of a block's keys, and returns their sum.
inline int32_t weigh(const float* scores, int count, float largest, uint8_t* weights) {
  const F32 offset = broadcast(largest - kLog2Unit);
  const float* const dither = kAttentionI8Dither.data();
  I32 sum0 = broadcastInt(0), sum1 = sum0;
  for (int j = 0; j < count; j += 2 * kLanes) {
    const I32 w0 = toInt(roughExp2(load(scores + j) - offset) + load(dither + j));
    const I32 w1 = toInt(roughExp2(load(scores + j + kLanes) - offset) + load(dither + j + kLanes));
    storeLowBytes(weights + j, w0);
    storeLowBytes(weights + j + kLanes, w1);
    sum0 = add(sum0, w0);
    sum1 = add(sum1, w1);
  }
  return sumOfInts(add(sum0, sum1));
}

/// Turns a block's scores into weights and updates the rows' maxima, totals and factors. All rows do each
/// step together, because a single row would wait for the sum over its lanes.
inline void weighBlock(const float* scores, int count, int rows, TileState& state, uint8_t* weights) {
  alignas(64) float largest[kRowSlots] = {};
  for (int r = 0; r < rows; ++r) largest[r] = largestOf(scores + r * kBlock, count);
  for (int r = 0; r < rows; r += kLanes) {
    const F32 before = load(state.max + r), now = max(before, load(largest + r));
    store(state.max + r, now);
    store(state.down + r,
          exp2(before - now));  // 0 where nothing was before: 2^(-infinity), or 2^(not a number)
    // Where every score is -infinity, a finite offset avoids -infinity minus -infinity.
    const F32 own = max(load(largest + r), broadcast(-1e30f));
    store(state.up + r, exp2(own - max(now, broadcast(-1e30f))));
    store(largest + r, own);
  }
  for (int r = 0; r < rows; ++r) {
    const int32_t sum = weigh(scores + r * kBlock, count, largest[r], weights + r * kBlock);
    state.total[r] = state.total[r] * state.down[r] + static_cast<float>(sum) * state.up[r];
  }
}

/// Computes one head for `rows` queries, at most kMostRows. Rows of `q` are qStride floats apart, and those
/// of `out` likewise. `allScores`, where it is not null, gets the scores of the first row in units of log 2.
/// Returns their maximum.
template <int kMostRows>
float attendTile(const AttentionI8Head& head, const float* keyBias, int keys, int headDim, float scale,
                 const float* q, size_t qStride, int rows, float* out, size_t outStride, float* allScores) {
  constexpr int kQueryBytes = kMaxHeadDim / 4 * Quads::kUnit;
  alignas(64) unsigned char queries[kTileRowsI8 * kQueryBytes];
  alignas(64) float scores[kTileRowsI8 * kBlock];
  alignas(64) uint8_t weights[kTileRowsI8 * kBlock];
  TileState state;
  for (int r = 0; r < kRowSlots; ++r) state.max[r] = -INFINITY, state.total[r] = 0;

  for (int r = 0; r < rows; ++r) {
    alignas(64) uint8_t bytes[kMaxHeadDim];
    int32_t sum;
    state.factor[r] =
        quantizeRow(q + static_cast<size_t>(r) * qStride, headDim, bytes, &sum) * scale * kLog2E;
    Quads::copy(bytes, headDim / 4, queries + r * kQueryBytes);
    for (int d = 0; d < headDim; d += kLanes) store(state.out + r * kMaxHeadDim + d, broadcast(0));
  }

  const int padded = static_cast<int>(attentionI8PaddedKeys(keys));
  const auto* packedKeys = reinterpret_cast<const unsigned char*>(head.keys);
  const auto scoreTile = tileFor<Quads, kTilePanelsI8, kMostRows, ScoresOut>(rows);
  constexpr int kStep = kTilePanelsI8 * kPanelI8;  // divides padded and kBlock
  for (int first = 0; first < padded; first += kBlock) {
    const int count = padded - first < kBlock ? padded - first : kBlock;
    for (int key = first; key < first + count; key += kStep)
      scoreTile(queries, kQueryBytes, packedKeys + static_cast<size_t>(key) * static_cast<size_t>(headDim),
                headDim / 4, ScoresOut{head, keyBias, keys, key, state, scores + (key - first)});
    if (allScores)
      for (int j = 0; j < count && first + j < keys; j += kLanes)
        storeFirst(allScores + first + j, load(scores + j),
                   keys - first - j < kLanes ? keys - first - j : kLanes);
    weighBlock(scores, count, rows, state, weights);

    const int8_t* values = head.values + static_cast<size_t>(first) * static_cast<size_t>(headDim);
    const float* scales = head.valueScales + first / kBlock * headDim;
    for (int d = 0, columns; d < headDim; d += columns) {
      const int panels = headDim - d <= kPanelI8 ? 1 : kTilePanelsI8;
      columns = panels * kPanelI8;
      const auto valueTile = panels == 1 ? tileFor<SmallQuads, 1, kMostRows, ValuesOut>(rows)
                                         : tileFor<SmallQuads, kTilePanelsI8, kMostRows, ValuesOut>(rows);
      valueTile(weights, kBlock, reinterpret_cast<const unsigned char*>(values + d * count), count / 4,
                ValuesOut{scales + d, state.down, state.up, state.out + d});
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int d = 0; d < headDim; d += kLanes)
      store(out + static_cast<size_t>(r) * outStride + d,
            load(state.out + r * kMaxHeadDim + d) * broadcast(1.0f / state.total[r]));
  return state.max[0];
}

inline void run(const AttentionF32& p, int headIndex, int firstQuery, int queryCount, const void* packed) {
  const AttentionI8Head head = attentionI8Head(packed, p.keys, p.headDim);
  const size_t column = static_cast<size_t>(headIndex) * static_cast<size_t>(p.headDim);
  const int tiles = (queryCount + kTileRowsI8 - 1) / kTileRowsI8;
  for (int t = 0; t < tiles; ++t) {
    const int first = queryCount * t / tiles, end = queryCount * (t + 1) / tiles;
    const size_t query = static_cast<size_t>(firstQuery + first);
    attendTile<kTileRowsI8>(head, p.keyBias, p.keys, p.headDim, p.scale, p.q + query * p.qStride + column,
                            p.qStride, end - first, p.out + query * p.outStride + column, p.outStride,
                            nullptr);
  }
}

}  // namespace
}  // namespace npuspeech
