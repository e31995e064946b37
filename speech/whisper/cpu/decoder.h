// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's decoder on the CPU: one pass over the weights for all the sequences that are being decoded
// together.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "speech/whisper/cpu/weights.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// Keys and values of the encoder's states for every decoder layer: computed once per window, read by any
/// number of sequences.
struct CrossAttentionCache {
  int rows = 0, audioRows = 0;
  size_t layerSize = 0;                 // elements of one layer in the array that the model's precision uses
  AlignedVector<float> floats;          // Float32: [layer][rows][2 width], keys beside values
  AlignedVector<unsigned char> packed;  // Int8: [layer][head], as packAttentionI8 writes them
  AlignedVector<float> keyBias;         // [rows]: log of how many rows each stands for
};

/// One sequence of tokens that grows: its self-attention cache, and what its alignment heads looked at.
class Sequence {
 public:
  int length() const { return length_; }
  const CrossAttentionCache& cross() const { return *cross_; }
  /// Forgets the tokens from `length` on.
  void truncate(int length);
  /// Attention of the alignment heads for the token at `position`, a softmax over the audio's rows:
  /// [heads][audioRows].
  std::span<const float> alignment(int position) const;

 private:
  friend class Decoder;
  std::shared_ptr<const CrossAttentionCache> cross_;
  AlignedVector<float> keysAndValues_;  // [layer][K, V][textContext][width]
  AlignedVector<float> alignment_;      // [textContext][alignment heads][audioRows]
  int length_ = 0, alignmentStride_ = 0;
};

/// One decoder serves one thread at a time; sequences move between decoders of the same weights freely.
class Decoder {
 public:
  Decoder(std::shared_ptr<const CpuWeights> weights, std::vector<Vocabulary::Head> alignmentHeads);

  int textContext() const { return weights_->textContext; }

  /// states: [shape.rows()][width], as the encoder gave them.
  std::shared_ptr<const CrossAttentionCache> prepare(ThreadPool& pool, const float* states,
                                                     const WindowShape& shape);
  Sequence start(std::shared_ptr<const CrossAttentionCache> cross) const;
  /// A sequence with the same tokens that grows on its own from here.
  Sequence fork(const Sequence& sequence) const;

  /// A token to be appended to `sequence`; several of one sequence stand next to each other in order.
  struct Input {
    Sequence* sequence = nullptr;
    Token token = 0;
    bool wantLogits = false;
  };
  /// Appends all inputs and computes logits behind those that want them. Throws where the text context has no
  /// room for one (std::length_error), or memory none; the sequences are as before then.
  void step(ThreadPool& pool, std::span<const Input> inputs);
  /// Logits of the i-th input that wanted them: [vocabularySize], valid and writable until the next step.
  std::span<float> logits(size_t i);

 private:
  void append(std::span<const Input> inputs);
  void takeBack(std::span<const Input> inputs);
  void compute(ThreadPool& pool, std::span<const Input> inputs);
  void selfAttention(ThreadPool& pool, size_t layer, std::span<const Input> inputs);
  void crossAttention(ThreadPool& pool, size_t layer, std::span<const Input> inputs);
  void reserve(size_t rows, size_t logitRows, int keys, int threads);

  std::shared_ptr<const CpuWeights> weights_;
  std::vector<Vocabulary::Head> alignmentHeads_;
  std::vector<int> positions_;  // of each input in its sequence
  AlignedVector<float> x_, gathered_, qkv_, attended_, attentionWeights_, logits_;
  AlignedVector<float> crossRows_;  // [rows][2 width] of one layer, on their way into a packed cache
  Operand input_, inside_;
  size_t logitStride_ = 0, attentionStride_ = 0;
};

}  // namespace npuspeech
