// SPDX-License-Identifier: LGPL-2.1-or-later
// The vector body of lstm_f32, over the F32 of simd/avx512.h, avx2.h or neon.h. Internal linkage keeps its
// instructions out of other object files. The weights, 256 KB for a width of 128, pass by once a step from
// L2, which bounds the speed: the four gates of a block of units share one stream, and never leave registers.
#pragma once

#include "kernels/lstm_f32/lstm_f32.h"
#include "kernels/simd/math.h"

namespace npuspeech {
namespace {

constexpr int kBlock = kLstmF32Block, kVectors = kBlock / kLanes;
/// Independent chains of sums: eight keep two multiply-add units with a latency of four cycles busy.
constexpr int kChains = kVectors == 1 ? 2 : 1;

/// exp2 overflows no more, and 1 / 2^126 is as good as 0.
inline F32 sigmoid(F32 x) {
  return broadcast(1) / (broadcast(1) + exp2(min(x * broadcast(-kLog2E), broadcast(126))));
}
/// The absolute error, about 1e-7, is that of the products around it.
inline F32 tanhOf(F32 x) {
  const F32 s = sigmoid(x + x);
  return s + s - broadcast(1);
}

/// The gates of units [unit, unit + kBlock) before their functions.
struct Gates {
  F32 sums[4][kVectors];
};

NPUSPEECH_INLINE inline Gates sumGates(const LstmF32& p, const float* gates, const float* h, int unit) {
  F32 acc[kChains][4][kVectors];
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      acc[0][g][v] = load(gates + g * p.width + unit + v * kLanes);
#pragma GCC unroll 2
      for (int chain = 1; chain < kChains; ++chain) acc[chain][g][v] = broadcast(0);
    }
  const float* w = p.weights + static_cast<size_t>(unit) * 4 * static_cast<size_t>(p.width);
  for (int in = 0; h && in < p.width; in += kChains)  // the width is even
#pragma GCC unroll 2
    for (int chain = 0; chain < kChains; ++chain, w += 4 * kBlock) {
      const F32 x = broadcast(h[in + chain]);
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          acc[chain][g][v] = fma(x, load(w + g * kBlock + v * kLanes), acc[chain][g][v]);
    }
  Gates result;
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      result.sums[g][v] = kChains == 1 ? acc[0][g][v] : acc[0][g][v] + acc[kChains - 1][g][v];
  return result;
}

void lstm(const LstmF32& p) {
  const float* h = p.h;
  for (int step = 0; step < p.steps; ++step) {
    const float* gates = p.gates + step * p.gatesStride;
    float* out = p.out + step * p.outStride;
    for (int at = 0; at < p.width; at += kBlock) {
      // There and back: the blocks that were read last are still in L1.
      const int unit = step % 2 == 0 ? at : p.width - kBlock - at;
      const Gates gate = sumGates(p, gates, h, unit);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        float* cell = p.c + unit + v * kLanes;
        const F32 c =
            fma(sigmoid(gate.sums[1][v]), load(cell), sigmoid(gate.sums[0][v]) * tanhOf(gate.sums[2][v]));
        store(cell, c);
        store(out + unit + v * kLanes, sigmoid(gate.sums[3][v]) * tanhOf(c));
      }
    }
    h = out;
  }
}

}  // namespace
}  // namespace npuspeech
