// SPDX-License-Identifier: LGPL-2.1-or-later
// The recurrent half of an LSTM layer in float32: what is left to do, step by step, once the products with
// the layer's inputs are known for all of them.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/variant.h"

namespace npuspeech {

/// Units whose weights lie together. A layer's width is a multiple of it.
inline constexpr int kLstmF32Block = 16;

/// For each step t, with s the logistic function and * between vectors by element:
///   i, f, g, o = gates[t] + weights * out[t - 1];  c = s(f) * c + s(i) * tanh(g);  out[t] = s(o) * tanh(c).
/// A sequence is read backwards with negative strides, from pointers to its last step. `gates`, `out`, `h`
/// and `c` do not overlap. Only `weights` needs alignment (64 bytes). Error bound of one step: 1e-6 of out
/// and 1e-6 (1 + |c|) of c, and of each sum in it 1e-5 of sum |weights * h|.
struct LstmF32 {
  const float* gates = nullptr;    // [steps][4][width], products with the inputs and biases: i, f, g, o
  ptrdiff_t gatesStride = 0;       // floats from step to step
  const float* weights = nullptr;  // packed
  const float* h = nullptr;        // [width], what was `out` before the first step; null stands for zeros
  float* c = nullptr;              // [width], before the first step, then after the last one
  float* out = nullptr;            // [steps][width]
  ptrdiff_t outStride = 0;         // floats from step to step
  int steps = 0, width = 0;
};

/// The number of floats of packed weights of a layer.
constexpr size_t lstmF32PackedSize(int width) {
  return 4 * static_cast<size_t>(width) * static_cast<size_t>(width);
}

/// Packs weights [4][width][width] that are stored as PyTorch does, by gate, output unit and input unit, as
/// [width / 16][input unit][gate][16 output units].
void packLstmF32(const float* weights, int width, float* packed);

using LstmF32Function = void(const LstmF32&);
std::span<const Variant<LstmF32Function>> lstmF32Variants();
void lstmF32(const LstmF32& layer);

}  // namespace npuspeech
