// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/cpu_sequence.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/attention_i8/attention_i8.h"

namespace npuspeech {

std::shared_ptr<const CpuCrossCache> makeCrossCache(ThreadPool& pool, const CpuWeights& w,
                                                    const float* states, const WindowShape& shape,
                                                    Operand& input) {
  const std::vector<PaddingBlock> padding = paddingBlocks(shape);
  auto cross = std::make_shared<CpuCrossCache>();
  cross->audioRows = shape.audioRows();
  cross->rows = cross->audioRows + static_cast<int>(padding.size());
  const size_t rows = static_cast<size_t>(cross->rows), width = static_cast<size_t>(w.width);
  cross->keyBias.assign(rows, 0.0f);
  for (size_t i = 0; i < padding.size(); ++i)
    cross->keyBias[static_cast<size_t>(cross->audioRows) + i] =
        std::log(static_cast<float>(padding[i].count));

  // Not kept: with the larger models it is a tenth of all caches.
  AlignedVector<float> kvRows;
  const bool isPacked = w.precision == Precision::Int8;
  const size_t heads = static_cast<size_t>(w.heads), headSize = attentionI8PackedSize(cross->rows, kHeadDim);
  cross->layerSize = isPacked ? heads * headSize : rows * 2 * width;
  if (isPacked) {
    cross->packed.resize(w.decoder.size() * cross->layerSize);
    kvRows.resize(rows * 2 * width);
  } else {
    cross->floats.resize(w.decoder.size() * cross->layerSize);
  }
  input.take(pool, {const_cast<float*>(states), width}, cross->rows, w.width);
  for (size_t i = 0; i < w.decoder.size(); ++i) {
    float* const kv = isPacked ? kvRows.data() : cross->floats.data() + i * cross->layerSize;
    w.decoder[i].crossKv.apply(pool, input, {kv, 2 * width});
    if (!isPacked) continue;
    const AttentionF32 keysAndValues{.k = kv,
                                     .v = kv + width,
                                     .kStride = 2 * width,
                                     .vStride = 2 * width,
                                     .heads = w.heads,
                                     .headDim = kHeadDim,
                                     .keys = cross->rows};
    pool.parallelFor(heads, [&](size_t head, int) {
      packAttentionI8(keysAndValues, static_cast<int>(head),
                      cross->packed.data() + i * cross->layerSize + head * headSize);
    });
  }
  return cross;
}

CpuSequence::CpuSequence(const CpuWeights& weights, size_t alignmentHeads,
                         std::shared_ptr<const CrossAttentionCache> cross)
    : Sequence(std::move(cross)),
      partSize_(static_cast<size_t>(weights.textContext) * static_cast<size_t>(weights.width)),
      alignmentStride_(alignmentHeads * static_cast<size_t>(cross_->audioRows)) {
  // Not cleared: pages of positions that are never reached stay untouched.
  keysAndValues_.resize(weights.decoder.size() * 2 * partSize_);
  alignment_.resize(static_cast<size_t>(weights.textContext) * alignmentStride_);
}

CpuSequence::CpuSequence(const CpuWeights& weights, const CpuSequence& from)
    : Sequence(from.cross_), partSize_(from.partSize_), alignmentStride_(from.alignmentStride_) {
  length_ = from.length_;
  const size_t used = static_cast<size_t>(length_);
  keysAndValues_.resize(from.keysAndValues_.size());
  for (size_t part = 0; part < keysAndValues_.size(); part += partSize_)
    std::memcpy(keysAndValues_.data() + part, from.keysAndValues_.data() + part,
                used * static_cast<size_t>(weights.width) * sizeof(float));
  alignment_.resize(from.alignment_.size());
  std::memcpy(alignment_.data(), from.alignment_.data(), used * alignmentStride_ * sizeof(Probability16));
}

}  // namespace npuspeech
