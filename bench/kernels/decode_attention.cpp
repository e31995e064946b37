// SPDX-License-Identifier: LGPL-2.1-or-later
// One layer's cross attention of one token, in float32 and in integers.
#include "bench/kernels/attention_operands.h"
#include "kernels/decode_attention_f32/decode_attention_f32.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {
namespace {

constexpr size_t kDim = AttentionOperands::kHeadDim;

void benchF32(benchmark::State& state, const ModelSize& size, int keys, DecodeAttentionF32Function* body) {
  AttentionOperands a(size, keys);
  const size_t count = static_cast<size_t>(keys), heads = static_cast<size_t>(size.heads);
  std::vector<float> weights(count * heads);
  const Work work{.readBytes = count * heads * kDim * 2 * sizeof(float)};
  measure(state, work, [&] {
    benchPool().parallelFor(heads, [&](size_t head, int) {
      body({.q = a.p.q + head * kDim,
            .k = a.p.k + head * kDim,
            .v = a.p.v + head * kDim,
            .kStride = a.p.kStride,
            .vStride = a.p.vStride,
            .weights = weights.data() + head * count,
            .out = a.out.data() + head * kDim,
            .scale = a.p.scale,
            .headDim = static_cast<int>(kDim),
            .keys = keys});
    });
  });
}

void benchI8(benchmark::State& state, const ModelSize& size, int keys, DecodeAttentionI8Function* body) {
  AttentionOperands a(size, keys);
  const size_t count = static_cast<size_t>(keys), heads = static_cast<size_t>(size.heads);
  const size_t headSize = (attentionI8PackedSize(keys, static_cast<int>(kDim)) + 63) / 64 * 64;
  Bytes packed(headSize * heads);
  for (size_t head = 0; head < heads; ++head)
    packAttentionI8(a.p, static_cast<int>(head), packed.data() + head * headSize);
  std::vector<float> weights(count * heads);
  const Work work{.readBytes = packed.size()};
  measure(state, work, [&] {
    benchPool().parallelFor(heads, [&](size_t head, int) {
      body({.q = a.p.q + head * kDim,
            .packed = packed.data() + head * headSize,
            .weights = weights.data() + head * count,
            .out = a.out.data() + head * kDim,
            .scale = a.p.scale,
            .headDim = static_cast<int>(kDim),
            .keys = keys});
    });
  });
}

}  // namespace

void addDecodeAttention() {
  for (const ModelSize& size : kModelSizes)
    for (int keys : {64, 450, 1500}) {
      const std::string shape = std::to_string(keys);
      addBodies(benchName("decode_attention_f32", size, shape), decodeAttentionF32Variants(),
                [=](benchmark::State& state, const auto& variant, bool) {
                  benchF32(state, size, keys, variant.run);
                });
      addBodies(benchName("decode_attention_i8", size, shape), decodeAttentionI8Variants(),
                [=](benchmark::State& state, const auto& variant, bool) {
                  benchI8(state, size, keys, variant.run);
                });
    }
}

}  // namespace npuspeech
