// SPDX-License-Identifier: LGPL-2.1-or-later
// A window on its way through the batches, from submission to its answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>

#include "speech/whisper/decode_stream.h"
#include "speech/whisper/window_decoding.h"

namespace npuspeech {

/// Fields are for the decoding thread, unless they say that they are guarded: then the batch decoder's mutex
/// guards them.
struct DecodeJob {
  enum class State { Waiting, Active, Finished };

  /// The window as it was submitted.
  EncodedWindow window;
  /// The number of keys of its cross-attention. It is set at submission, because counting them allocates.
  int rows = 0;
  /// Takes the answer.
  DecodeStream::Done done;
  /// Guarded.
  State state = State::Waiting;
  /// The number of windows that were submitted to its stream before this one.
  uint64_t order = 0;
  /// Guarded. True: a newer window of its utterance replaces it, so that it is not decoded.
  bool superseded = false;
  /// True: its stream was cancelled. Any thread.
  std::atomic<bool> cancelled{false};
  /// The state of its decoding; empty until its first step.
  std::optional<WindowDecoding> decoding;
  /// Why it cannot be decoded; empty where it can.
  std::optional<Error> error;
  /// The index of its first logits in the current step.
  size_t firstLogits = 0;

  /// Whether it is decoded or has failed.
  bool isThrough() const { return error || (decoding && decoding->done()); }
  /// The bytes that its caches come to where people speak in the window.
  size_t likelyBytes(const CacheSizes& sizes) const;
  /// The bytes that its caches take with the next step; likelyBytes() where it has not begun.
  size_t bytes(const CacheSizes& sizes) const;
  /// Ends this job with an error for `reason`. Other jobs go on.
  void fail(const std::exception& reason);
  /// Takes the answer. Call it once, at the end. Where there is not even memory for an error's text, the
  /// answer is an OutOfMemory with a short text, which needs none.
  Result<DecodedWindow> result() noexcept;
};

}  // namespace npuspeech
