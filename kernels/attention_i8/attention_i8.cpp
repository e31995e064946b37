// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of attention_i8, and how heads and queries are split over threads.
#include "kernels/attention_i8/attention_i8.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace npuspeech {

constinit const std::array<float, kAttentionI8Block> kAttentionI8Dither = [] {
  std::array<float, kAttentionI8Block> dither{};
  for (int i = 0; i < kAttentionI8Block; ++i) {
    const double multiple = i * 0.6180339887498949;
    dither[static_cast<size_t>(i)] =
        static_cast<float>(0.998 * (multiple - static_cast<double>(static_cast<int>(multiple)) - 0.5));
  }
  return dither;
}();

extern const AttentionI8Kernel kAttentionI8Scalar, kAttentionI8Avx2, kAttentionI8AvxVnni,
    kAttentionI8Avx512Vnni, kAttentionI8Neon, kAttentionI8NeonDot;

namespace {

const AttentionI8Variant kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512Vnni, kAttentionI8Avx512Vnni},
    {Isa::AvxVnni, kAttentionI8AvxVnni},
    {Isa::Avx2, kAttentionI8Avx2},
#elif defined(__aarch64__)
    {Isa::NeonDot, kAttentionI8NeonDot},
    {Isa::Neon, kAttentionI8Neon},
#endif
    {Isa::Scalar, kAttentionI8Scalar},
};

const AttentionI8Kernel& best() {
  static const AttentionI8Kernel& kernel = []() -> const AttentionI8Kernel& {
    for (const AttentionI8Variant& variant : attentionI8Variants())
      if (isaEnabled(variant.isa)) return variant.kernel;
    return attentionI8Variants().back().kernel;
  }();
  return kernel;
}

}  // namespace

std::span<const AttentionI8Variant> attentionI8Variants() {
  return kVariants;
}

void packAttentionI8(const AttentionF32& p, int head, void* packed) {
  best().pack(p, head, packed);
}

void attentionI8(ThreadPool& pool, const AttentionF32& attention, AttentionI8Scratch& scratch,
                 const AttentionI8Kernel* body) {
  constexpr int kQueries = 84;  // a task: a multiple of every body's tile (14, 6, 4)
  const AttentionI8Kernel& kernel = body ? *body : best();
  const size_t heads = static_cast<size_t>(attention.heads);
  const size_t packedSize = (attentionI8PackedSize(attention.keys, attention.headDim) + 63) / 64 * 64;
  if (scratch.packed.size() < packedSize * heads) scratch.packed.resize(packedSize * heads);
  unsigned char* packed = scratch.packed.data();

  pool.parallelFor(heads, [&](size_t head, int) {
    kernel.pack(attention, static_cast<int>(head), packed + head * packedSize);
  });
  const size_t blocks = static_cast<size_t>((attention.queries + kQueries - 1) / kQueries);
  pool.parallelFor(heads * blocks, [&](size_t index, int) {
    const size_t head = index / blocks;
    const int first = static_cast<int>(index % blocks) * kQueries;
    kernel.run(attention, static_cast<int>(head), first, std::min(kQueries, attention.queries - first),
               packed + head * packedSize);
  });
}

}  // namespace npuspeech
