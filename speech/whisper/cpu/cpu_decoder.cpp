// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/cpu_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/attention_i8/attention_i8.h"
#include "kernels/decode_attention_f32/decode_attention_f32.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"
#include "speech/whisper/cpu/cpu_sequence.h"

namespace npuspeech {
namespace {

const float kScoreScale = 1.0f / std::sqrt(static_cast<float>(kHeadDim));

CpuSequence& sequenceOf(const Decoder::Input& input) {
  return static_cast<CpuSequence&>(*input.sequence);
}

}  // namespace

CpuDecoder::CpuDecoder(std::shared_ptr<const CpuWeights> weights, std::shared_ptr<ThreadPool> pool)
    : weights_(std::move(weights)),
      pool_(std::move(pool)),
      alignmentHeads_(npuspeech::alignmentHeads(*weights_->vocabulary,
                                                static_cast<int>(weights_->decoder.size()), weights_->heads)),
      input_(weights_->precision),
      inside_(weights_->precision) {
  logitStride_ = (static_cast<size_t>(weights_->vocabularySize) + 15) / 16 * 16;
}

// The budget leaves room for what else a program takes below 1.3 times the weights and 100 MB. It is three
// whole windows of speech with whisper-base, one with small and medium, and two or three of the usual 15 s;
// eight whole ones with large-v3-turbo.
CacheSizes CpuDecoder::cacheSizes() const {
  const CpuWeights& w = *weights_;
  const bool isPacked = w.precision == Precision::Int8;
  const size_t width = static_cast<size_t>(w.width), heads = static_cast<size_t>(w.heads);
  const size_t layers = w.decoder.size(), bytes = isPacked ? 1 : sizeof(float);
  const size_t weights =
      width * (width * (12 * w.encoder.size() + 16 * layers) + static_cast<size_t>(w.vocabularySize));
  CacheSizes sizes;
  sizes.budget = bytes * std::max(weights / 10 + (size_t{37} << 20), weights / 5);
  sizes.crossRow =
      layers * (isPacked ? heads * attentionI8PackedSize(kAttentionI8Block, kHeadDim) / kAttentionI8Block
                         : 2 * width * bytes);
  sizes.token = layers * 2 * width * sizeof(float);
  sizes.tokenRow = alignmentHeads_.size() * sizeof(Probability16);
  return sizes;
}

std::shared_ptr<const CrossAttentionCache> CpuDecoder::prepare(const npu::BufferObject& states,
                                                               const WindowShape& shape) {
  return prepare(states.as<const float>(), shape);
}

std::shared_ptr<const CrossAttentionCache> CpuDecoder::prepare(const float* states,
                                                               const WindowShape& shape) {
  if (!turn_) turn_.emplace(*pool_);
  return makeCrossCache(*pool_, *weights_, states, shape, input_);
}

std::unique_ptr<Sequence> CpuDecoder::start(std::shared_ptr<const CrossAttentionCache> cross) {
  return std::make_unique<CpuSequence>(*weights_, alignmentHeads_.size(), std::move(cross));
}

std::unique_ptr<Sequence> CpuDecoder::fork(const Sequence& sequence) {
  return std::make_unique<CpuSequence>(*weights_, static_cast<const CpuSequence&>(sequence));
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
      throw std::length_error("A text is longer than the model's context of " +
                              std::to_string(w.textContext) + " tokens.");
    float* const x = x_.data() + positions_.size() * width;
    positions_.push_back(sequenceOf(input).grow());
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
  for (size_t r = 0; r < inputs.size(); ++r) {
    const float* const qkv = qkv_.data() + r * 3 * width;
    const size_t offset = static_cast<size_t>(positions_[r]) * width;
    std::memcpy(sequenceOf(inputs[r]).keys(layer) + offset, qkv + width, width * sizeof(float));
    std::memcpy(sequenceOf(inputs[r]).values(layer) + offset, qkv + 2 * width, width * sizeof(float));
  }
  pool_->parallelFor(inputs.size() * heads, [&](size_t i, int worker) {
    const size_t r = i / heads, head = i % heads;
    CpuSequence& sequence = sequenceOf(inputs[r]);
    decodeAttentionF32({.q = qkv_.data() + r * 3 * width + head * kHeadDim,
                        .k = sequence.keys(layer) + head * kHeadDim,
                        .v = sequence.values(layer) + head * kHeadDim,
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
    CpuSequence& sequence = sequenceOf(inputs[r]);
    const CpuCrossCache& cross = sequence.cross();
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
    Probability16* const row =
        sequence.alignmentRow(positions_[r], static_cast<size_t>(aligning - alignmentHeads_.begin()));
    for (size_t j = 0; j < audioRows; ++j) row[j] = looked[j] / sum;
  });
}

}  // namespace npuspeech
