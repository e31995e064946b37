// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads windows of sound with an engine: log-mel, encoder, decoder.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>

#include "speech/audio/windower.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// One stream of windows. Of one thread at a time, but for interrupt().
class WindowReader {
 public:
  /// `stream` is one of `engine`.
  WindowReader(std::shared_ptr<Engine> engine, std::unique_ptr<DecodeStream> stream);
  /// Cancels, and waits for a callback that is running.
  ~WindowReader();

  /// Encodes the window that `windower` has just given, which takes the calling thread's time, and has it
  /// decoded. `done` is called once, in the order of windows: on the engine's thread or, where the window
  /// cannot be encoded, on this one. What DecodeStream::submit() asks of it holds.
  void read(Windower& windower, const AudioWindow& window, DecodeStream::Done done);
  /// Ends what is being read soon, and all that is read until reset(). Those windows' error is Cancelled. Any
  /// thread.
  void interrupt();
  /// Drops what is being read, and forgets what was said before: what comes next is a stream of its own.
  void reset();

 private:
  struct Buffers;
  struct Pool;
  Result<std::shared_ptr<Buffers>> buffers();
  std::stop_token stopToken() const;

  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<Pool> pool_;
  mutable std::mutex mutex_;
  std::stop_source stop_;                 // under mutex_
  std::unique_ptr<DecodeStream> stream_;  // last: its callbacks end first
};

}  // namespace npuspeech
