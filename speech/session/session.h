// SPDX-License-Identifier: LGPL-2.1-or-later
// A stream from sound to words: samples go in; words, interim text, ends of utterances and gaps come out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "speech/session/event_queue.h"
#include "speech/session/session_event.h"
#include "speech/session/speech_input.h"
#include "speech/session/window_reader.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// How a session listens.
struct SessionOptions {
  /// True: words come while people speak, as soon as they are certain. False: the sound is a recording that
  /// nobody waits for, and each window is read once, when it is whole.
  bool live = true;
  /// How audio is cut into windows. The session sets `live`, `melBins` and `firstUtterance` itself.
  Windower::Options windows;
  /// What the windows are read for. The session sets `live` itself.
  StreamOptions stream;
};

/// Joins SpeechInput, which cuts sound into windows, and WindowReader, which reads them. It has no thread of
/// its own: the encoder computes on the thread that pushes, and the decoder on the engine's.
///
/// Threads: open(), push(), pushGap(), drain(), tick(), dueNs() and reset() belong to one thread at a time;
/// next() and wait() may be called on another one; interrupt() on any. No lock is held while the clock or the
/// listener are called.
class Session : private SpeechInput::Receiver {
 public:
  /// Tells the time in ns since any moment; it must not go back. Called on any thread.
  using Clock = std::function<int64_t()>;
  /// Called when next() may have something new: on the thread that pushes, or on the engine's. It must return
  /// soon, must not throw, and may call next() but nothing else of the session.
  using Listener = std::function<void()>;

  /// `vad`: the voice activity model; null treats all audio as speech. `listener` may be empty. Errors:
  /// BadValue for a language or task that the engine's model does not have.
  static Result<std::unique_ptr<Session>> open(std::shared_ptr<Engine> engine,
                                               std::shared_ptr<const SileroWeights> vad,
                                               const SessionOptions& options, Clock clock,
                                               Listener listener = {});
  /// Cancels what is being read, and waits for calls of the listener, which may come until then.
  ~Session();

  /// Takes mono samples at 16 kHz, full scale 1. `atNs`: the stream time of the first one, 0 or later;
  /// nothing where it follows what came before. Times may deviate from the samples before as those of
  /// networks and sound cards do. `isDiscont`: something is known to be missing before these samples. Returns
  /// false, and takes nothing, after an Error and after interrupt(), until reset(). Waits where very many
  /// windows are being read.
  bool push(std::span<const float> samples, std::optional<int64_t> atNs = {}, bool isDiscont = false);
  /// Takes note that audio is silent or lost from `startNs` on for `durationNs`. Returns as push().
  bool pushGap(int64_t startNs, int64_t durationNs);
  /// The stream ends, or breaks off: what is pending will come out. Sound that comes later starts a new
  /// stretch, at its own time. Returns as push().
  bool drain();
  /// Lets a live session notice that its source has stalled. Words that wait for more sound come out then,
  /// and a SessionGap without a duration. To be called when dueNs() has come; calls at other times do
  /// nothing.
  void tick();
  /// When tick() is due, by the clock; nothing where it is not.
  std::optional<int64_t> dueNs() const { return events_.goesOn() ? dueNs_ : std::nullopt; }

  /// The next event, in the order of the stream. Nothing where none is there yet. Events wait until they are
  /// taken.
  std::optional<SessionEvent> next();
  /// The next event. Waits for windows that are being read; nothing where none is.
  std::optional<SessionEvent> wait();

  /// Ends what is being computed soon. Its events do not come, and nothing is taken until reset().
  void interrupt();
  /// Forgets the sound, the text and all events, and starts again: as a flush, or after an Error.
  void reset();

 private:
  Session(std::shared_ptr<Engine> engine, std::unique_ptr<DecodeStream> stream, const SessionOptions& options,
          Clock clock, Listener listener);

  Windower::Options windowOptions() override { return windows_; }
  int64_t nowNs() override { return clock_(); }
  void beginRun() override { clockAtZeroNs_.reset(); }
  bool takesPartial() override { return events_.pending() == 0; }
  bool takeWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) override;
  bool takeGap(int64_t startNs, std::optional<int64_t> durationNs) override;

  template <typename Take>
  bool guarded(const Take& take);
  void expectMore(size_t newSamples);
  void answer(EventQueue::Place& place, const AudioWindow& window, const ClockJump& jump,
              Result<DecodedWindow> decoded) noexcept;
  void tell() const;

  const Windower::Options windows_;
  const Clock clock_;
  const Listener listener_;
  EventQueue events_;
  SpeechInput input_;
  std::optional<int64_t> clockAtZeroNs_;  // what the clock said at stream time 0, as the present run tells
  std::optional<int64_t> dueNs_;
  std::unique_ptr<WindowReader> reader_;  // null while the session goes
};

}  // namespace npuspeech
