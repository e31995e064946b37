// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of attention_i8, and how heads and queries are split over threads.
#include "kernels/attention_i8/attention_i8.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/scratch.h"

namespace npuspeech {

AttentionI8Function attentionI8Scalar, attentionI8Avx2, attentionI8AvxVnni, attentionI8Avx512Vnni,
    attentionI8Neon, attentionI8NeonDot;

namespace {

constexpr Variant<AttentionI8Function> kVariants[] = {
    {Isa::Scalar, attentionI8Scalar},
};

}  // namespace

std::span<const Variant<AttentionI8Function>> attentionI8Variants() {
  return kVariants;
}

void attentionI8(ThreadPool& pool, const AttentionF32& attention, AttentionI8Scratch& scratch) {
  static AttentionI8Function* const best = bestVariant(attentionI8Variants());
  constexpr int kQueries = 84;  // a task: a multiple of every body's tile (14, 6, 4)
  const size_t heads = static_cast<size_t>(attention.heads);
  const size_t packedSize = (attentionI8PackedSize(attention.keys, attention.headDim) + 63) / 64 * 64;
  if (scratch.packed.size() < packedSize * heads) scratch.packed.resize(packedSize * heads);
  unsigned char* packed = scratch.packed.data();

  pool.parallelFor(heads, [&](size_t head, int) {
    packAttentionI8(attention, static_cast<int>(head), packed + head * packedSize);
  });
  const size_t blocks = static_cast<size_t>((attention.queries + kQueries - 1) / kQueries);
  pool.parallelFor(heads * blocks, [&](size_t index, int) {
    const size_t head = index / blocks;
    const int first = static_cast<int>(index % blocks) * kQueries;
    best(attention, static_cast<int>(head), first, std::min(kQueries, attention.queries - first),
         packed + head * packedSize, threadScratch(attentionI8ScratchSize(attention.keys)));
  });
}

}  // namespace npuspeech
