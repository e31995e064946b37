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

/// The decoding thread's, but for the fields that say otherwise. Those are guarded by the batch decoder's
/// mutex.
struct DecodeJob {
  enum class State { Waiting, Active, Finished };

  EncodedWindow window;
  /// Keys of its cross-attention. Whoever submits it counts them, as that takes memory.
  int rows = 0;
  DecodeStream::Done done;
  /// Guarded.
  State state = State::Waiting;
  /// The number of windows that were submitted to its stream before it.
  uint64_t order = 0;
  /// Guarded. True: a newer window of its utterance makes it needless.
  bool superseded = false;
  std::atomic<bool> cancelled{false};
  /// Empty until the job's first step.
  std::optional<WindowDecoding> decoding;
  /// Why it cannot be decoded.
  std::optional<Error> error;
  /// Index of its first logits in the step that runs.
  size_t firstLogits = 0;

  bool isThrough() const { return error || (decoding && decoding->done()); }
  /// Takes this job out of the work; the others go on.
  void fail(const std::exception& reason);
  /// The answer; once, at the end. Where not even an error's words have room, it is a short OutOfMemory.
  Result<DecodedWindow> result() noexcept;
};

}  // namespace npuspeech
