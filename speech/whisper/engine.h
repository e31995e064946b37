// SPDX-License-Identifier: LGPL-2.1-or-later
// What the elements use: a Whisper model that is loaded once per process, encodes windows and decodes them to
// text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "npu/device.h"
#include "speech/stream/live_options.h"
#include "speech/text/word.h"
#include "speech/whisper/precision.h"
#include "speech/whisper/window.h"

namespace npuspeech {

enum class Task { Transcribe, Translate };

struct EngineOptions {
  /// A folder, or the name of a model that tools/fetch-model put into the cache ("small" is "whisper-small").
  std::string model = "whisper-base";
  std::string device = "auto";  // as npu::openDevice
  Precision precision = Precision::Int8;
  int threads = 0;  // 0: the physical cores
  bool operator==(const EngineOptions&) const = default;
};

/// What one window said. No words: nothing was said. Times of words count from the window's start.
struct DecodedWindow {
  /// Of a partial window, and of the final one of its utterance: words that are committed now, and were not
  /// by an earlier window.
  std::vector<Word> words;
  std::vector<Word> interim;  // live: what may follow them; later windows may say otherwise
  int64_t neededFromNs = 0;   // live: stream time; audio of the utterance before this can go
  bool isSuperseded = false;  // live: not decoded, because a newer window of the utterance was waiting
  std::string language;       // ISO 639-1 code
  float averageLogProbability = 0;
  float noSpeechProbability = 0;
};

struct StreamOptions {
  std::string language = "auto";  // a code that the model knows, or "auto"
  Task task = Task::Transcribe;
  std::string prompt;  // names and terms to expect
  int beamSize = 1;
  /// Windows of a growing utterance: each is decoded at once, and what is certain of it is committed.
  bool live = false;
  LiveOptions liveOptions;

  bool operator==(const StreamOptions&) const = default;
};

/// A window that waits for its text.
struct EncodedWindow {
  int64_t startNs = 0;     // live: stream time of its first sample
  uint64_t utterance = 0;  // live: windows of one utterance follow each other and end with a final one
  bool isFinal = true;     // false: the utterance goes on. Streams that are not live take final windows only
  bool isStalled = false;  // it goes on nobody knows when: all but a word at its end is certain
  std::shared_ptr<const npu::BufferObject>
      states;  // [rows][stateWidth] float32: audio rows, then padding rows
  std::shared_ptr<const npu::BufferObject> logMel;  // what they were encoded from: lets a window whose text
                                                    // loops be done again at full context; may be null
  std::shared_ptr<const void> keepAlive;  // held until the window is done with (a pooled buffer); may be null
  WindowShape shape;
};

/// One stream of windows to be decoded in their order; it keeps its engine. Submitting and cancelling are
/// thread-safe; destroying it cancels, and waits for a callback that is running: not from a callback.
class DecodeStream {
 public:
  using Done = std::function<void(Result<DecodedWindow>)>;
  virtual ~DecodeStream() = default;

  /// Queues a window. `done` is called once, on the engine's thread, in order of submission; it must return
  /// soon, must not throw and must not call this stream. A cancelled window's error is Cancelled. One that
  /// fails leaves the windows of this and of other streams alone.
  virtual void submit(EncodedWindow window, Done done) = 0;
  /// Interrupts what is decoding and drops what waits; returns at once. The stream can be used again.
  virtual void cancel() = 0;
};

/// What a model is, for those who prepare its windows.
struct ModelInfo {
  std::string name;                    // of its folder
  int melBins = 0;                     // 80 or 128
  int audioContext = 0;                // encoder positions of a full window: 1500
  int stateWidth = 0;                  // values of one state: 512 for base
  bool multilingual = false;           // it knows more languages than English
  std::vector<std::string> languages;  // ISO 639-1 codes

  /// Whether a window has audio, of the length that the model takes.
  bool fits(const WindowShape& shape) const;
  /// Bytes of the window's log-mel, [frames][melBins] float32.
  size_t logMelBytes(const WindowShape& shape) const;
  /// Bytes of the window's states, [rows][stateWidth] float32.
  size_t stateBytes(const WindowShape& shape) const;
};

/// A loaded model on a device, with the threads that compute. Elements that ask for the same options share
/// one.
class Engine {
 public:
  /// `fraction` in [0, 1]. Called on the loading thread.
  using Progress = std::function<void(double fraction)>;

  /// What can be told of open() and openStream() in some milliseconds: whether device, folder and files are
  /// there and whole, and the model has the language and the task. Errors: as theirs.
  static Result<void> check(const EngineOptions& options, const StreamOptions& stream = {});
  /// Loads the model, or waits for one that is being loaded. Takes up to a second: call it outside the
  /// streaming threads. Errors name the file at fault.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Progress& progress,
                                              std::stop_token stop);
  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;
  /// Shared, because memory pools over it outlive the engine.
  virtual const std::shared_ptr<npu::Device>& device() = 0;
  virtual const std::string& deviceReason() const = 0;

  /// Reads [shape.frames][melBins] log-mel, writes [shape.rows()][stateWidth] states. Thread-safe; computes
  /// on the engine's threads. `stop` interrupts it between layers.
  virtual Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape,
                              npu::BufferObject& states, std::stop_token stop) = 0;
  /// Errors: BadValue for a language or task that the model does not have.
  virtual Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) = 0;
};

}  // namespace npuspeech
