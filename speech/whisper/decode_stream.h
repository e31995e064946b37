// SPDX-License-Identifier: LGPL-2.1-or-later
// A stream of windows of encoder states, which are decoded to words.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "npu/device.h"
#include "speech/stream/live_options.h"
#include "speech/text/word.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// What Whisper writes: text in the language that is spoken, or an English translation.
enum class Task { Transcribe, Translate };

/// How all windows of a stream are decoded.
struct StreamOptions {
  /// The language that is spoken: an ISO 639-1 code that the model knows. With "auto", the model detects it
  /// in the first window.
  std::string language = "auto";
  /// Whether to transcribe or to translate.
  Task task = Task::Transcribe;
  /// Names and terms to expect, in plain text.
  std::string prompt;
  /// The number of hypotheses that are followed side by side, at least 1; 1 is a greedy search.
  int beamSize = 1;
  /// True: windows belong to utterances that are still growing. Each window is decoded at once, and those of
  /// its words are committed that later windows will not change.
  bool live = false;
  /// When a live stream commits words.
  LiveOptions liveOptions;

  bool operator==(const StreamOptions&) const = default;
};

/// A window that is to be decoded.
struct EncodedWindow {
  /// The stream time of its first sample. For live streams.
  int64_t startNs = 0;
  /// The number of its utterance. Windows of one utterance follow each other, and the last one is final. For
  /// live streams.
  uint64_t utterance = 0;
  /// False: the utterance goes on, and more of its windows follow. A stream that is not live takes final
  /// windows only.
  bool isFinal = true;
  /// True: the source has stopped in the middle of the utterance, and may stay so for long. All words are
  /// committed then, except one that the window's end may have cut. For live streams.
  bool isStalled = false;
  /// The encoder states: [shape.rows()][stateWidth] float32, the rows of audio first.
  std::shared_ptr<const npu::BufferObject> states;
  /// The log-mel that the states were computed from, or null. It lets the engine encode the window again at
  /// full context, where its text looks wrong.
  std::shared_ptr<const npu::BufferObject> logMel;
  /// An object that is kept until the window has its text, such as a pooled buffer, or null.
  std::shared_ptr<const void> keepAlive;
  /// Which rows the states have.
  WindowShape shape;
};

/// The text of one window. It has no words where nothing was said. Times of words count from the window's
/// start.
struct DecodedWindow {
  /// The words of the window; in a live stream, the words that this window has committed.
  std::vector<Word> words;
  /// In a live stream, the words after the committed ones, which later windows may change.
  std::vector<Word> interim;
  /// In a live stream, the stream time before which no later window of the utterance needs audio.
  int64_t neededFromNs = 0;
  /// True: the window was not decoded, because a newer one of its utterance was waiting already.
  bool isSuperseded = false;
  /// The ISO 639-1 code of the language that was detected or given.
  std::string language;
  /// The mean natural logarithm of the tokens' probabilities.
  float averageLogProbability = 0;
  /// The probability, from 0 to 1, that the window holds no speech, as Whisper states it before the text.
  float noSpeechProbability = 0;
};

/// A stream of windows that are decoded in order. It keeps its engine alive. submit() and cancel() are
/// thread-safe. The destructor cancels and waits for all callbacks, so that it must not run inside one.
class DecodeStream {
 public:
  /// Takes the text of a window, or why it has none.
  using Done = std::function<void(Result<DecodedWindow>)>;
  virtual ~DecodeStream() = default;

  /// Queues a window. `done` is called once, on a thread of the engine, in the order of submission. It must
  /// return soon, must not throw, and must not call this stream. Errors: Cancelled after cancel(); BadValue
  /// where window and model do not fit each other; BadFile; DeviceFailed; OutOfMemory. A failure of one
  /// window does not affect others.
  virtual void submit(EncodedWindow window, Done done) = 0;
  /// Cancels all windows that were submitted, and returns at once. The stream can be used again.
  virtual void cancel() = 0;
};

}  // namespace npuspeech
