// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's decoder on the CPU. A step makes one pass over the weights for all sequences.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "speech/whisper/cpu/weights.h"
#include "speech/whisper/decoder.h"

namespace npuspeech {

/// Keeps its working memory from step to step. Between steps it also keeps its thread's turn in the pool,
/// until rest().
class CpuDecoder : public Decoder {
 public:
  CpuDecoder(std::shared_ptr<const CpuWeights> weights, std::shared_ptr<ThreadPool> pool);

  int textContext() const override { return weights_->textContext; }
  size_t alignmentHeads() const override { return alignmentHeads_.size(); }
  CacheSizes cacheSizes() const override;
  std::shared_ptr<const CrossAttentionCache> prepare(const npu::BufferObject& states,
                                                     const WindowShape& shape) override;
  /// Computes the same cache from states in any memory.
  std::shared_ptr<const CrossAttentionCache> prepare(const float* states, const WindowShape& shape);
  std::unique_ptr<Sequence> start(std::shared_ptr<const CrossAttentionCache> cross) override;
  std::unique_ptr<Sequence> fork(const Sequence& sequence) override;
  void step(std::span<const Input> inputs) override;
  std::span<float> logits(size_t i) override;
  void rest() override { turn_.reset(); }

 private:
  void append(std::span<const Input> inputs);
  void takeBack(std::span<const Input> inputs);
  void compute(std::span<const Input> inputs);
  void selfAttention(size_t layer, std::span<const Input> inputs);
  void crossAttention(size_t layer, std::span<const Input> inputs);
  void reserve(size_t rows, size_t logitRows, int keys);

  const std::shared_ptr<const CpuWeights> weights_;
  const std::shared_ptr<ThreadPool> pool_;
  const std::vector<Vocabulary::Head> alignmentHeads_;
  std::optional<ThreadPool::Turn> turn_;
  /// The position of each input in its sequence.
  std::vector<int> positions_;
  AlignedVector<float> x_, gathered_, qkv_, attended_, attentionWeights_, logits_;
  Operand input_, inside_;
  size_t logitStride_ = 0, attentionStride_ = 0;
};

}  // namespace npuspeech
