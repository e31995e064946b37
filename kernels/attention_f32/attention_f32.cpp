// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of attention_f32, and how heads and queries are split over threads.
#include "kernels/attention_f32/attention_f32.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace npuspeech {

extern const AttentionF32Kernel kAttentionF32Scalar, kAttentionF32Avx2, kAttentionF32Avx512,
    kAttentionF32Neon;

namespace {

const AttentionF32Variant kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, kAttentionF32Avx512},
    {Isa::Avx2, kAttentionF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, kAttentionF32Neon},
#endif
    {Isa::Scalar, kAttentionF32Scalar},
};

const AttentionF32Kernel& best() {
  static const AttentionF32Kernel& kernel = []() -> const AttentionF32Kernel& {
    for (const AttentionF32Variant& variant : attentionF32Variants())
      if (isaEnabled(variant.isa)) return variant.kernel;
    return attentionF32Variants().back().kernel;
  }();
  return kernel;
}

}  // namespace

std::span<const AttentionF32Variant> attentionF32Variants() {
  return kVariants;
}

size_t attentionF32ScratchSize(const AttentionF32& attention) {
  constexpr size_t kQueries = 14, kKeys = 128;  // the largest tile of a body, and its unit of keys
  return kQueries * ((static_cast<size_t>(attention.keys) + kKeys - 1) / kKeys * kKeys);
}

void attentionF32(ThreadPool& pool, const AttentionF32& attention, AttentionF32Scratch& scratch,
                  const AttentionF32Kernel* body) {
  constexpr int kQueries = 84;  // a task: a multiple of every body's tile (6, 14)
  const AttentionF32Kernel& kernel = body ? *body : best();
  const size_t heads = static_cast<size_t>(attention.heads);
  const size_t packedSize = kernel.packedSize(attention.keys, attention.headDim);
  const size_t scratchSize = attentionF32ScratchSize(attention);
  const size_t threads = static_cast<size_t>(pool.threads());
  if (scratch.packed.size() < packedSize * heads) scratch.packed.resize(packedSize * heads);
  if (scratch.perThread.size() < scratchSize * threads) scratch.perThread.resize(scratchSize * threads);
  float* packed = scratch.packed.data();
  float* perThread = scratch.perThread.data();

  pool.parallelFor(heads, [&](size_t head, int) {
    kernel.pack(attention, static_cast<int>(head), packed + head * packedSize);
  });
  const size_t blocks = static_cast<size_t>((attention.queries + kQueries - 1) / kQueries);
  pool.parallelFor(heads * blocks, [&](size_t index, int worker) {
    const size_t head = index / blocks;
    const int first = static_cast<int>(index % blocks) * kQueries;
    kernel.run(attention, static_cast<int>(head), first, std::min(kQueries, attention.queries - first),
               packed + head * packedSize, perThread + static_cast<size_t>(worker) * scratchSize);
  });
}

}  // namespace npuspeech
