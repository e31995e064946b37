// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of attention_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps
// its instructions out of other object files.
//
// Both products run on the register tiles of matmul_f32: K and V of a head are packed as its weights are, the
// scores of one tile of queries are written where the second product reads its rows from. 14 x 1500 scores
// take 84 KB of L2.
#pragma once

#include <math.h>

#include "kernels/attention_f32/attention_f32.h"
#include "kernels/simd/math.h"
#include "kernels/simd/tile_f32.h"

namespace npuspeech {
namespace {

constexpr size_t paddedKeys(int keys) {
  return static_cast<size_t>((keys + kPanel - 1) / kPanel) * kPanel;
}

/// The number of floats of a head: K as [keys / 16][headDim][16], then V as [headDim / 16][keys][16].
size_t packedSize(int keys, int headDim) {
  return (paddedKeys(keys) + static_cast<size_t>(keys)) * static_cast<size_t>(headDim);
}

void pack(const AttentionF32& p, int head, float* packed) {
  const size_t keys = static_cast<size_t>(p.keys), dim = static_cast<size_t>(p.headDim);
  const size_t column = static_cast<size_t>(head) * dim;
  for (size_t first = 0; first < keys; first += kPanel) {
    float* panel = packed + first * dim;
    for (size_t c = 0; c < kPanel; ++c) {
      const float* k = p.k + (first + c) * p.kStride + column;
      for (size_t d = 0; d < dim; ++d) panel[d * kPanel + c] = first + c < keys ? k[d] : 0.0f;
    }
  }
  packed += paddedKeys(p.keys) * dim;
  for (size_t first = 0; first < dim; first += kPanel)
    for (size_t j = 0; j < keys; ++j, packed += kPanel)
      std::memcpy(packed, p.v + j * p.vStride + column + first, kPanel * sizeof(float));
}

/// Writes the scores of one row of sums, scaled, with their bias and in units of log 2, to `weights`, and
/// raises `largest` to the maximum of each lane.
inline void finishScores(const AttentionF32& p, int key, int count, const float* sums, float* weights,
                         float* largest) {
  const F32 scale = broadcast(p.scale * kLog2E), log2e = broadcast(kLog2E);
  F32 maxima = load(largest);
  int c = 0;
  for (; c + kLanes <= count; c += kLanes) {
    F32 x = load(sums + c) * scale;
    if (p.keyBias) x = fma(load(p.keyBias + key + c), log2e, x);
    store(weights + c, x);
    maxima = max(maxima, x);
  }
  if (const int rest = count - c; rest > 0) {
    F32 x = load(sums + c) * scale;
    if (p.keyBias) x = fma(loadFirst(p.keyBias + key + c, rest), log2e, x);
    store(weights + c, x);
    maxima = max(maxima, loadFirst(weights + c, rest, -INFINITY));
  }
  store(largest, maxima);
}

/// Replaces the scores of one row by 2^(score - maxScore), piece by piece, and returns their sum.
float exponentials(float* row, size_t pieceStride, int keys, float maxScore) {
  const F32 offset = broadcast(maxScore);
  F32 sum0 = broadcast(0), sum1 = sum0;
  for (int j = 0; j < keys; j += kPiece, row += pieceStride) {
    const int piece = keys - j < kPiece ? keys - j : kPiece;
    int c = 0;
    for (; c + 2 * kLanes <= piece; c += 2 * kLanes) {
      const F32 e0 = exp2(load(row + c) - offset), e1 = exp2(load(row + c + kLanes) - offset);
      store(row + c, e0);
      store(row + c + kLanes, e1);
      sum0 = sum0 + e0;
      sum1 = sum1 + e1;
    }
    for (; c < piece; c += kLanes) {
      const int lanes = piece - c < kLanes ? piece - c : kLanes;
      const F32 e = exp2(loadFirst(row + c, lanes, -INFINITY) - offset);
      storeFirst(row + c, e, lanes);
      sum0 = sum0 + e;
    }
  }
  return sumOf(sum0 + sum1);
}

/// Computes one tile of queries.
void runTile(const AttentionF32& p, size_t column, int firstQuery, int rows, const float* packed,
             float* scratch) {
  alignas(64) float q[kTileRows * kPiece], sums[kTileRows * kTilePanels * kPanel];
  alignas(64) float largest[kTileRows * kLanes];
  float inverse[kTileRows];
  float* weights = scratch;  // [key pieces][rows][kPiece]
  copyRows(p.q + static_cast<size_t>(firstQuery) * p.qStride + column, p.qStride, rows, p.headDim, q);
  for (int r = 0; r < rows; ++r) store(largest + r * kLanes, broadcast(-INFINITY));

  for (int key = 0, columns; key < p.keys; key += columns) {
    const int panels = p.keys - key <= kPanel ? 1 : kTilePanels;
    columns = panels * kPanel;
    kTiles[panels - 1].rows[rows - 1](q, packed + static_cast<size_t>(key) * static_cast<size_t>(p.headDim),
                                      p.headDim, sums);
    const int valid = p.keys - key < columns ? p.keys - key : columns;
    for (int r = 0; r < rows; ++r)
      finishScores(p, key, valid, sums + r * columns,
                   weights + (key / kPiece * rows + r) * kPiece + key % kPiece, largest + r * kLanes);
  }
  for (int r = 0; r < rows; ++r)
    inverse[r] = 1.0f / exponentials(weights + r * kPiece, static_cast<size_t>(rows) * kPiece, p.keys,
                                     maxOf(load(largest + r * kLanes)));

  const float* v = packed + paddedKeys(p.keys) * static_cast<size_t>(p.headDim);
  for (int d = 0, columns; d < p.headDim; d += columns) {
    const int panels = p.headDim - d <= kPanel ? 1 : kTilePanels;
    columns = panels * kPanel;
    kTiles[panels - 1].rows[rows - 1](weights, v + static_cast<size_t>(d) * static_cast<size_t>(p.keys),
                                      p.keys, sums);
    for (int r = 0; r < rows; ++r) {
      float* out =
          p.out + static_cast<size_t>(firstQuery + r) * p.outStride + column + static_cast<size_t>(d);
      for (int c = 0; c < columns; c += kLanes)
        store(out + c, load(sums + r * columns + c) * broadcast(inverse[r]));
    }
  }
}

void run(const AttentionF32& p, int head, int firstQuery, int queryCount, const float* packed,
         float* scratch) {
  const int tiles = (queryCount + kTileRows - 1) / kTileRows;
  for (int t = 0; t < tiles; ++t) {
    const int first = queryCount * t / tiles, end = queryCount * (t + 1) / tiles;
    runTile(p, static_cast<size_t>(head) * static_cast<size_t>(p.headDim), firstQuery + first, end - first,
            packed, scratch);
  }
}

}  // namespace
}  // namespace npuspeech
