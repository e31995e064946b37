// SPDX-License-Identifier: LGPL-2.1-or-later
// Windows of encoder states in, their words out.
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

/// What Whisper writes: the language that is spoken, or English.
enum class Task { Transcribe, Translate };

/// What all windows of a stream are decoded with.
struct StreamOptions {
  /// An ISO 639-1 code that the model knows; "auto" listens for the language in the first window.
  std::string language = "auto";
  Task task = Task::Transcribe;
  /// Names and terms to expect, in plain text.
  std::string prompt;
  /// So many hypotheses are kept side by side; 1 is a greedy search.
  int beamSize = 1;
  /// True: the windows are of utterances that still grow. Each is decoded at once, and those of its words
  /// that no later window can change are committed.
  bool live = false;
  /// When words are committed, for a live stream.
  LiveOptions liveOptions;

  bool operator==(const StreamOptions&) const = default;
};

/// A window that waits for its text. The first four fields are for live streams.
struct EncodedWindow {
  /// The stream time of its first sample.
  int64_t startNs = 0;
  /// The utterance that it is of. Windows of one utterance follow each other, and the last one is final.
  uint64_t utterance = 0;
  /// False: the utterance goes on. A stream that is not live takes final windows only.
  bool isFinal = true;
  /// True: the source has stopped in the middle of the utterance, and it may be long until it goes on. All
  /// words are certain then, but for one that the window's end may have cut.
  bool isStalled = false;
  /// [shape.rows()][stateWidth] float32, the audio's rows first.
  std::shared_ptr<const npu::BufferObject> states;
  /// The log-mel that the states were made from. With it, a window whose text loops can be encoded again at
  /// full context. May be null.
  std::shared_ptr<const npu::BufferObject> logMel;
  /// Whatever must live until the window has its text, as a pooled buffer. May be null.
  std::shared_ptr<const void> keepAlive;
  WindowShape shape;
};

/// What one window said. Without words nothing was said. Times of words count from the window's start.
struct DecodedWindow {
  /// The words of the window. On a live stream: the words that this window has committed.
  std::vector<Word> words;
  /// On a live stream, the words behind the committed ones, of which later windows may think otherwise.
  std::vector<Word> interim;
  /// On a live stream, the stream time before which no later window of the utterance needs audio.
  int64_t neededFromNs = 0;
  /// True: the window was not decoded, for a newer one of its utterance was waiting behind it.
  bool isSuperseded = false;
  /// The ISO 639-1 code of the language that was heard, or was given.
  std::string language;
  /// The mean logarithm of the tokens' probabilities.
  float averageLogProbability = 0;
  /// The probability that nobody speaks, which Whisper gives before it writes.
  float noSpeechProbability = 0;
};

/// A stream of windows that are decoded in their order. It keeps its engine. submit() and cancel() are
/// thread-safe. The destructor cancels and waits for a callback that is running, so that it must not be
/// called from one.
class DecodeStream {
 public:
  using Done = std::function<void(Result<DecodedWindow>)>;
  virtual ~DecodeStream() = default;

  /// Queues a window. `done` is called once, on a thread of the engine, in the order of submission. It must
  /// return soon, must not throw and must not call this stream. A window that was cancelled has the error
  /// Cancelled. One that fails leaves the other windows of this stream and of others alone.
  virtual void submit(EncodedWindow window, Done done) = 0;
  /// Interrupts what is being decoded and drops what waits, and returns at once. The stream can be used
  /// again.
  virtual void cancel() = 0;
};

}  // namespace npuspeech
