// SPDX-License-Identifier: LGPL-2.1-or-later
// Multi-head attention of many queries on all keys, without a causal mask, as in the encoder.
#pragma once

#include <cstddef>
#include <span>

#include "base/aligned.h"
#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// For each head h and query i: out = softmax_j(scale * q_i . k_j + keyBias_j) . v_j over all keys j. Head h
/// takes the columns [h * headDim, (h + 1) * headDim) of every operand. `out` must not overlap the inputs.
/// Scores stay in cache and are never written out as a whole. The softmax subtracts the maximum. Error bound:
/// 1e-5 relative to the largest |v| of the head.
struct AttentionF32 {
  /// The queries: [queries][heads * headDim].
  const float* q = nullptr;
  /// The keys: [keys][heads * headDim].
  const float* k = nullptr;
  /// The values: [keys][heads * headDim].
  const float* v = nullptr;
  /// The number of floats from row to row of each operand.
  size_t qStride = 0, kStride = 0, vStride = 0, outStride = 0;
  /// The logarithm of the number of rows that each key stands for: [keys], or null. It is added to the scaled
  /// scores.
  const float* keyBias = nullptr;
  /// The result: [queries][heads * headDim].
  float* out = nullptr;
  float scale = 1;
  /// headDim is a multiple of 16, at most 128.
  int heads = 0, headDim = 64, queries = 0, keys = 0;
};

/// Returns the number of floats of scratch that a thread needs for one head.
size_t attentionF32ScratchSize(const AttentionF32& attention);

/// A body of the kernel.
struct AttentionF32Kernel {
  /// Returns the number of floats of a head's packed keys and values.
  size_t (*packedSize)(int keys, int headDim);
  /// Packs keys and values of a head in the form of this body.
  void (*pack)(const AttentionF32&, int head, float* packed);
  /// Computes a head for the queries [firstQuery, firstQuery + queryCount) from what `pack` packed.
  void (*run)(const AttentionF32&, int head, int firstQuery, int queryCount, const float* packed,
              float* scratch);
};
/// A body, and the instruction set that it needs.
struct AttentionF32Variant {
  Isa isa;
  AttentionF32Kernel kernel;
};
/// All bodies, best first.
std::span<const AttentionF32Variant> attentionF32Variants();

/// Memory that attentionF32() reuses from call to call. It grows to the largest problem seen. Each caller has
/// its own.
struct AttentionF32Scratch {
  AlignedVector<float> packed, perThread;
};

/// Computes all heads on the pool's threads with `body`; null stands for the best body that is enabled. No
/// other call may use `scratch` at the same time.
void attentionF32(ThreadPool& pool, const AttentionF32& attention, AttentionF32Scratch& scratch,
                  const AttentionF32Kernel* body = nullptr);

}  // namespace npuspeech
