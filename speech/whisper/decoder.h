// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's decoder, wherever it runs: sequences of tokens that grow, all of a step together.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "npu/device.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// The cross-attention K/V cache of one window: keys and values of the encoder's states for every decoder
/// layer. It is computed once, and read by any number of sequences. What it holds is its decoder's own.
struct CrossAttentionCache {
  virtual ~CrossAttentionCache() = default;
  int rows = 0;       // keys of each head
  int audioRows = 0;  // so many of them, the first ones, stand for audio; the others for padding
};

/// A sequence of tokens with its self-attention K/V cache. One thread at a time uses it.
class Sequence {
 public:
  virtual ~Sequence() = default;
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  /// The number of tokens.
  int length() const { return length_; }
  const CrossAttentionCache& cross() const { return *cross_; }
  /// Forgets the tokens from `length` on.
  void truncate(int length) { length_ = std::min(length_, length); }
  /// Where the alignment heads looked for the token at `position`: [heads][audioRows], for each head a
  /// softmax over the audio's rows. Valid until the sequence grows or goes.
  virtual std::span<const float> alignment(int position) const = 0;

 protected:
  explicit Sequence(std::shared_ptr<const CrossAttentionCache> cross) : cross_(std::move(cross)) {}

  std::shared_ptr<const CrossAttentionCache> cross_;
  int length_ = 0;
};

/// What a decoder throws where its device gave up. The text is a sentence for the user.
class DeviceFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Computes what token comes next. One thread uses a decoder: the one that makes its first step. Every call
/// may throw std::bad_alloc and DeviceFailure; the sequences are as before then.
class Decoder {
 public:
  virtual ~Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The most tokens that a sequence can have.
  virtual int textContext() const = 0;
  /// The number of alignment heads.
  virtual size_t alignmentHeads() const = 0;

  /// states: [shape.rows()][stateWidth] float32, as the encoder gave them; they are not needed afterwards.
  virtual std::shared_ptr<const CrossAttentionCache> prepare(const npu::BufferObject& states,
                                                             const WindowShape& shape) = 0;
  /// A sequence without tokens. The cache is of this decoder.
  virtual std::unique_ptr<Sequence> start(std::shared_ptr<const CrossAttentionCache> cross) = 0;
  /// A sequence with the same tokens that grows on its own from here.
  virtual std::unique_ptr<Sequence> fork(const Sequence& sequence) = 0;

  /// A token to be appended to `sequence`. Several inputs of one sequence stand next to each other, in order.
  struct Input {
    Sequence* sequence = nullptr;
    Token token = 0;
    bool wantLogits = false;  // of the token that follows
  };
  /// Appends all inputs and computes logits behind those that want them: one pass over the weights for all
  /// of them. Throws std::length_error where the text context has no room for one.
  virtual void step(std::span<const Input> inputs) = 0;
  /// The logits of the i-th input that wanted them: [vocabularySize], valid and writable until the next step.
  virtual std::span<float> logits(size_t i) = 0;
  /// Nobody knows when the next step comes: processors that the decoder holds between steps are free for
  /// others until then. Call it before waiting, and before the thread ends.
  virtual void rest() {}

 protected:
  Decoder() = default;
};

/// Heads whose attention tells when a word is said, of a decoder with so many layers and heads: the model's
/// own list, or else all heads of the later half of the layers.
std::vector<Vocabulary::Head> alignmentHeads(const Vocabulary& vocabulary, int layers, int heads);

}  // namespace npuspeech
