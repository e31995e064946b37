// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/cpu_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/decode_attention_f32/decode_attention_f32.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"

namespace npuspeech {
namespace {

const float kScoreScale = 1.0f / std::sqrt(static_cast<float>(kHeadDim));

}  // namespace

/// Keys and values as the model's precision wants them.
struct CpuDecoder::Cross : CrossAttentionCache {
  size_t layerSize = 0;                 // elements of one layer, in floats or in packed
  AlignedVector<float> floats;          // Float32: [layer][rows][2 width], keys beside values
  AlignedVector<unsigned char> packed;  // Int8: [layer][head], as packAttentionI8 writes them
  AlignedVector<float> keyBias;         // [rows]: the logarithm of how many rows each stands for
};

class CpuDecoder::Tokens : public Sequence {
 public:
  Tokens(const CpuWeights& weights, size_t alignmentHeads, std::shared_ptr<const CrossAttentionCache> cross)
      : Sequence(std::move(cross)),
        alignmentStride_(alignmentHeads * static_cast<size_t>(this->cross().audioRows)) {
    // Not cleared: pages of positions that are never reached stay untouched.
    const size_t context = static_cast<size_t>(weights.textContext);
    keysAndValues_.resize(weights.decoder.size() * 2 * context * static_cast<size_t>(weights.width));
    alignment_.resize(context * alignmentStride_);
  }

  std::span<const float> alignment(int position) const override {
    return {alignment_.data() + static_cast<size_t>(position) * alignmentStride_, alignmentStride_};
  }

 private:
  friend class CpuDecoder;
  AlignedVector<float> keysAndValues_;  // [layer][K, V][textContext][width]
  AlignedVector<float> alignment_;      // [textContext][alignment heads][audioRows]
  const size_t alignmentStride_;        // floats of one position
};

CpuDecoder::Tokens& CpuDecoder::tokensOf(const Input& input) {
  return static_cast<Tokens&>(*input.sequence);
}

CpuDecoder::CpuDecoder(std::shared_ptr<const CpuWeights> weights, std::shared_ptr<ThreadPool> pool)
    : weights_(std::move(weights)),
      pool_(std::move(pool)),
      alignmentHeads_(npuspeech::alignmentHeads(*weights_->vocabulary,
                                                static_cast<int>(weights_->decoder.size()), weights_->heads)),
      input_(weights_->precision),
      inside_(weights_->precision) {
  logitStride_ = (static_cast<size_t>(weights_->vocabularySize) + 15) / 16 * 16;
}

std::shared_ptr<const CrossAttentionCache> CpuDecoder::prepare(const npu::BufferObject& states,
                                                               const WindowShape& shape) {
  return prepare(states.as<const float>(), shape);
}

std::shared_ptr<const CrossAttentionCache> CpuDecoder::prepare(const float* states,
                                                               const WindowShape& shape) {
  if (!turn_) turn_.emplace(*pool_);
  ThreadPool& pool = *pool_;
  const CpuWeights& w = *weights_;
  const std::vector<PaddingBlock> padding = paddingBlocks(shape);
  auto cross = std::make_shared<Cross>();
  cross->audioRows = shape.audioRows();
  cross->rows = cross->audioRows + static_cast<int>(padding.size());
  const size_t rows = static_cast<size_t>(cross->rows), width = static_cast<size_t>(w.width);
  cross->keyBias.assign(rows, 0.0f);
  for (size_t i = 0; i < padding.size(); ++i)
    cross->keyBias[static_cast<size_t>(cross->audioRows) + i] =
        std::log(static_cast<float>(padding[i].count));

  const bool isPacked = w.precision == Precision::Int8;
  const size_t heads = static_cast<size_t>(w.heads), headSize = attentionI8PackedSize(cross->rows, kHeadDim);
  cross->layerSize = isPacked ? heads * headSize : rows * 2 * width;
  if (isPacked) {
    cross->packed.resize(w.decoder.size() * cross->layerSize);
    if (crossRows_.size() < rows * 2 * width) crossRows_.resize(rows * 2 * width);
  } else {
    cross->floats.resize(w.decoder.size() * cross->layerSize);
  }
  input_.take(pool, {const_cast<float*>(states), width}, cross->rows, w.width);
  for (size_t i = 0; i < w.decoder.size(); ++i) {
    float* const kv = isPacked ? crossRows_.data() : cross->floats.data() + i * cross->layerSize;
    w.decoder[i].crossKv.apply(pool, input_, {kv, 2 * width});
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

std::unique_ptr<Sequence> CpuDecoder::start(std::shared_ptr<const CrossAttentionCache> cross) {
  return std::make_unique<Tokens>(*weights_, alignmentHeads_.size(), std::move(cross));
}

std::unique_ptr<Sequence> CpuDecoder::fork(const Sequence& sequence) {
  const auto& from = static_cast<const Tokens&>(sequence);
  auto forked = std::make_unique<Tokens>(*weights_, alignmentHeads_.size(), from.cross_);
  const size_t context = static_cast<size_t>(weights_->textContext),
               width = static_cast<size_t>(weights_->width);
  const size_t used = static_cast<size_t>(from.length_);
  for (size_t part = 0; part < weights_->decoder.size() * 2; ++part)
    std::memcpy(forked->keysAndValues_.data() + part * context * width,
                from.keysAndValues_.data() + part * context * width, used * width * sizeof(float));
  std::memcpy(forked->alignment_.data(), from.alignment_.data(),
              used * from.alignmentStride_ * sizeof(float));
  forked->length_ = from.length_;
  return forked;
}

void CpuDecoder::reserve(size_t rows, size_t logitRows, int keys) {
  const size_t width = static_cast<size_t>(weights_->width);
  auto grow = [](AlignedVector<float>& vector, size_t size) {
    if (vector.size() < size) vector.resize(size);
  };
  grow(x_, rows * width);
  grow(gathered_, logitRows * width);
  grow(attended_, rows * width);
  grow(qkv_, rows * 3 * width);
  attentionStride_ = (static_cast<size_t>(std::max(keys, weights_->textContext)) + 15) / 16 * 16;
  grow(attentionWeights_, attentionStride_ * static_cast<size_t>(pool_->threads()));
  grow(logits_, logitRows * logitStride_);
  positions_.reserve(rows);
}

std::span<float> CpuDecoder::logits(size_t i) {
  return {logits_.data() + i * logitStride_, static_cast<size_t>(weights_->vocabularySize)};
}

// Takes a place for each input, and its embedding there.
void CpuDecoder::append(std::span<const Input> inputs) {
  const CpuWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width);
  positions_.clear();
  for (const Input& input : inputs) {
    if (input.sequence->length() >= w.textContext)
      throw std::length_error("a text is longer than the model's context of " +
                              std::to_string(w.textContext) + " tokens");
    float* const x = x_.data() + positions_.size() * width;
    positions_.push_back(tokensOf(input).length_++);
    w.projection.readRow(input.token, x);
    const float* const position = w.textPositions.data() + static_cast<size_t>(positions_.back()) * width;
    for (size_t i = 0; i < width; ++i) x[i] += position[i];
  }
}

void CpuDecoder::takeBack(std::span<const Input> inputs) {
  for (size_t i = positions_.size(); i-- > 0;) inputs[i].sequence->truncate(positions_[i]);
}

void CpuDecoder::step(std::span<const Input> inputs) {
  if (turn_)
    turn_->yield();
  else
    turn_.emplace(*pool_);
  int keys = 0;
  size_t logitRows = 0;
  for (const Input& input : inputs) {
    keys = std::max(keys, input.sequence->cross().rows);
    logitRows += input.wantLogits;
  }
  positions_.clear();
  reserve(inputs.size(), logitRows, keys);
  try {
    append(inputs);
    compute(inputs);
  } catch (...) {
    takeBack(inputs);
    throw;
  }
}

void CpuDecoder::compute(std::span<const Input> inputs) {
  ThreadPool& pool = *pool_;
  const CpuWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width);
  const int rows = static_cast<int>(inputs.size());
  const Rows x{x_.data(), width}, attended{attended_.data(), width};
  const Rows qkv{qkv_.data(), 3 * width}, query{qkv_.data(), width};
  for (size_t i = 0; i < w.decoder.size(); ++i) {
    const DecoderLayer& layer = w.decoder[i];
    input_.takeNormalised(pool, layer.selfNorm, x, rows);
    layer.selfQkv.apply(pool, input_, qkv);
    selfAttention(i, inputs);
    input_.take(pool, attended, rows, w.width);
    layer.selfOut.apply(pool, input_, x, Activation::None, x);

    input_.takeNormalised(pool, layer.crossNorm, x, rows);
    layer.crossQ.apply(pool, input_, query);
    crossAttention(i, inputs);
    input_.take(pool, attended, rows, w.width);
    layer.crossOut.apply(pool, input_, x, Activation::None, x);

    input_.takeNormalised(pool, layer.ffnNorm, x, rows);
    inside_.takeProduct(pool, layer.ffn1, input_, Activation::Gelu);
    layer.ffn2.apply(pool, inside_, x, Activation::None, x);
  }

  size_t wanted = 0;
  for (size_t r = 0; r < inputs.size(); ++r)
    if (inputs[r].wantLogits)
      std::memcpy(gathered_.data() + wanted++ * width, x_.data() + r * width, width * sizeof(float));
  if (!wanted) return;
  input_.takeNormalised(pool, w.decoderNorm, {gathered_.data(), width}, static_cast<int>(wanted));
  w.projection.apply(pool, input_, {logits_.data(), logitStride_});
}

void CpuDecoder::selfAttention(size_t layer, std::span<const Input> inputs) {
  const CpuWeights& w = *weights_;
  const size_t width = static_cast<size_t>(w.width), heads = static_cast<size_t>(w.heads);
  const size_t part = static_cast<size_t>(w.textContext) * width;
  for (size_t r = 0; r < inputs.size(); ++r) {
    float* const keys = tokensOf(inputs[r]).keysAndValues_.data() + 2 * layer * part;
    const float* const qkv = qkv_.data() + r * 3 * width;
    const size_t offset = static_cast<size_t>(positions_[r]) * width;
    std::memcpy(keys + offset, qkv + width, width * sizeof(float));
    std::memcpy(keys + part + offset, qkv + 2 * width, width * sizeof(float));
  }
  pool_->parallelFor(inputs.size() * heads, [&](size_t i, int worker) {
    const size_t r = i / heads, head = i % heads;
    const float* const keys = tokensOf(inputs[r]).keysAndValues_.data() + 2 * layer * part + head * kHeadDim;
    decodeAttentionF32({.q = qkv_.data() + r * 3 * width + head * kHeadDim,
                        .k = keys,
                        .v = keys + part,
                        .kStride = width,
                        .vStride = width,
                        .weights = attentionWeights_.data() + static_cast<size_t>(worker) * attentionStride_,
                        .out = attended_.data() + r * width + head * kHeadDim,
                        .scale = kScoreScale,
                        .headDim = kHeadDim,
                        .keys = positions_[r] + 1});
  });
}

void CpuDecoder::crossAttention(size_t layer, std::span<const Input> inputs) {
  const size_t width = static_cast<size_t>(weights_->width), heads = static_cast<size_t>(weights_->heads);
  pool_->parallelFor(inputs.size() * heads, [&](size_t i, int worker) {
    const size_t r = i / heads, head = i % heads;
    Tokens& sequence = tokensOf(inputs[r]);
    const auto& cross = static_cast<const Cross&>(sequence.cross());
    const size_t audioRows = static_cast<size_t>(cross.audioRows);
    float* const looked = attentionWeights_.data() + static_cast<size_t>(worker) * attentionStride_;
    const auto aligns = [&](const Vocabulary::Head& h) {
      return static_cast<size_t>(h.layer) == layer && static_cast<size_t>(h.head) == head;
    };
    const auto aligning = std::find_if(alignmentHeads_.begin(), alignmentHeads_.end(), aligns);
    const bool isAligning = aligning != alignmentHeads_.end();
    const float* const q = qkv_.data() + r * width + head * kHeadDim;
    float* const out = attended_.data() + r * width + head * kHeadDim;
    if (weights_->precision == Precision::Int8) {
      const size_t headSize = cross.layerSize / heads;
      decodeAttentionI8({.q = q,
                         .packed = cross.packed.data() + layer * cross.layerSize + head * headSize,
                         .keyBias = cross.keyBias.data(),
                         .weights = isAligning ? looked : nullptr,
                         .out = out,
                         .scale = kScoreScale,
                         .headDim = kHeadDim,
                         .keys = cross.rows});
    } else {
      const float* const keys = cross.floats.data() + layer * cross.layerSize + head * kHeadDim;
      decodeAttentionF32({.q = q,
                          .k = keys,
                          .v = keys + width,
                          .kStride = 2 * width,
                          .vStride = 2 * width,
                          .keyBias = cross.keyBias.data(),
                          .weights = looked,
                          .out = out,
                          .scale = kScoreScale,
                          .headDim = kHeadDim,
                          .keys = cross.rows});
    }
    if (!isAligning) return;
    // A softmax over the audio alone, as Whisper's alignment takes it.
    float sum = 1e-20f;
    for (size_t j = 0; j < audioRows; ++j) sum += looked[j];
    float* const row = sequence.alignment_.data() +
                       static_cast<size_t>(positions_[r]) * sequence.alignmentStride_ +
                       static_cast<size_t>(aligning - alignmentHeads_.begin()) * audioRows;
    for (size_t j = 0; j < audioRows; ++j) row[j] = looked[j] / sum;
  });
}

}  // namespace npuspeech
