// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface of Whisper's decoder on any device: it extends many sequences of tokens in each step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "npu/device.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/probability16.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// The cross-attention K/V cache of one window: keys and values of the encoder's states for every decoder
/// layer. It is computed once, and any number of sequences read it. Each kind of decoder derives its own.
struct CrossAttentionCache {
  virtual ~CrossAttentionCache() = default;
  /// The number of keys of each head.
  int rows = 0;
  /// The number of keys that stand for audio. They come first; the others stand for padding.
  int audioRows = 0;
};

/// A sequence of tokens with its self-attention K/V cache. For one thread at a time.
class Sequence {
 public:
  virtual ~Sequence() = default;
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  /// The number of tokens.
  int length() const { return length_; }
  /// The cache of the window that it is decoded from.
  const CrossAttentionCache& cross() const { return *cross_; }
  /// Forgets the tokens from `length` on.
  void truncate(int length) { length_ = std::min(length_, length); }
  /// Gives back what only further tokens need: none may follow, and no fork. alignment() stays.
  virtual void finish() {}
  /// The cross-attention weights of the alignment heads for the token at `position`: [heads][audioRows], for
  /// each head a softmax over the rows of audio. Valid until the sequence grows or is destroyed.
  virtual std::span<const Probability16> alignment(int position) const = 0;

 protected:
  explicit Sequence(std::shared_ptr<const CrossAttentionCache> cross) : cross_(std::move(cross)) {}

  std::shared_ptr<const CrossAttentionCache> cross_;
  int length_ = 0;
};

/// What the caches of a decoder take, in bytes.
struct CacheSizes {
  /// The most that the caches of all windows may take together. Whatever it is, one window may have what a
  /// single text of it takes.
  size_t budget = SIZE_MAX;
  /// The cross-attention cache of a window, for each key.
  size_t crossRow = 0;
  /// A sequence, for each token; and in addition for each token and each row of the window's audio.
  size_t token = 0, tokenRow = 0;

  /// The cache of a window, and sequences of it that have `tokens` tokens together.
  size_t window(int rows, int audioRows, size_t tokens) const {
    return static_cast<size_t>(rows) * crossRow +
           tokens * (token + static_cast<size_t>(audioRows) * tokenRow);
  }
};

/// Thrown by a decoder whose device failed. The text is a sentence for the user.
class DeviceFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Computes how likely each token is to come next. A decoder is for one thread, the one that makes its first
/// step. Every call may throw std::bad_alloc and DeviceFailure, and leaves the sequences as they were then.
class Decoder {
 public:
  virtual ~Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The most tokens that a sequence can have.
  virtual int textContext() const = 0;
  /// The number of alignment heads.
  virtual size_t alignmentHeads() const = 0;
  /// What its caches take. The default says that they need not be counted.
  virtual CacheSizes cacheSizes() const { return {}; }

  /// Computes the cross-attention cache of a window. `states` are the encoder's: [shape.rows()][stateWidth]
  /// float32; they are not needed afterwards.
  virtual std::shared_ptr<const CrossAttentionCache> prepare(const npu::BufferObject& states,
                                                             const WindowShape& shape) = 0;
  /// Creates a sequence without tokens. `cross` must come from this decoder.
  virtual std::unique_ptr<Sequence> start(std::shared_ptr<const CrossAttentionCache> cross) = 0;
  /// Creates a copy of a sequence, with the same tokens, which grows independently.
  virtual std::unique_ptr<Sequence> fork(const Sequence& sequence) = 0;

  /// A token that a step appends to a sequence. Several inputs of one sequence stand next to each other, in
  /// order.
  struct Input {
    /// The sequence that grows.
    Sequence* sequence = nullptr;
    Token token = 0;
    /// True: the step computes the logits of the token that follows this one.
    bool wantLogits = false;
  };
  /// Appends all inputs and computes logits after those that want them, in one pass over the weights. Throws
  /// std::length_error where a sequence would pass the text context.
  virtual void step(std::span<const Input> inputs) = 0;
  /// The logits of the i-th input that wanted them: [vocabularySize]. Valid and writable until the next step.
  virtual std::span<float> logits(size_t i) = 0;
  /// Lets go of processors that the decoder holds between steps. Call it before waiting for more work, and
  /// before the thread ends.
  virtual void rest() {}

 protected:
  Decoder() = default;
};

/// Returns the heads whose cross-attention shows when a word is said, for a decoder with `layers` layers of
/// `heads` heads: the model's own list, or else all heads of the later half of the layers.
std::vector<Vocabulary::Head> alignmentHeads(const Vocabulary& vocabulary, int layers, int heads);

}  // namespace npuspeech
