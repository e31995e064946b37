// SPDX-License-Identifier: LGPL-2.1-or-later
// Full (not causal) multi-head attention of many queries on many keys: the encoder's.
#pragma once

#include <cstddef>
#include <span>

#include "base/aligned.h"
#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// For each head h and query i: out = softmax_j(scale * q_i . k_j + keyBias_j) . v_j over all keys j. Head h
/// takes the columns [h * headDim, (h + 1) * headDim) of every operand. `out` must not overlap the inputs.
/// headDim is a multiple of 16, at most 128. Scores stay in cache: they are never written out whole. Softmax
/// subtracts the maximum. Bound: 1e-5 relative to the largest |v| of the head.
struct AttentionF32 {
  const float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  size_t qStride = 0, kStride = 0, vStride = 0, outStride = 0;  // floats from row to row
  const float* keyBias =
      nullptr;  // [keys] added to the scaled scores: log of how many rows a key is; or null
  float* out = nullptr;
  float scale = 1;
  int heads = 0, headDim = 64, queries = 0, keys = 0;
};

/// Floats of scratch that one thread needs for one head of this problem.
size_t attentionF32ScratchSize(const AttentionF32& attention);

/// Computes head `head` for the queries [firstQuery, firstQuery + queryCount). `packed` is this head's packed
/// K and V as the variant wants them, made by its `pack`.
struct AttentionF32Kernel {
  /// Floats of packed K and V for one head.
  size_t (*packedSize)(int keys, int headDim);
  void (*pack)(const AttentionF32&, int head, float* packed);
  void (*run)(const AttentionF32&, int head, int firstQuery, int queryCount, const float* packed,
              float* scratch);
};
struct AttentionF32Variant {
  Isa isa;
  AttentionF32Kernel kernel;
};
std::span<const AttentionF32Variant> attentionF32Variants();

/// Memory that attentionF32 reuses from call to call; grows to the largest problem seen. One per caller.
struct AttentionF32Scratch {
  AlignedVector<float> packed, perThread;
};

/// All heads, split over the pool's threads, with `body`; null stands for the best body that is enabled.
/// `scratch` grows on first use and is not touched by other calls meanwhile.
void attentionF32(ThreadPool& pool, const AttentionF32& attention, AttentionF32Scratch& scratch,
                  const AttentionF32Kernel* body = nullptr);

}  // namespace npuspeech
