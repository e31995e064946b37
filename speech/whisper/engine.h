// SPDX-License-Identifier: LGPL-2.1-or-later
// A Whisper model on a device: it encodes windows of log-mel, and decodes them to text.
//
// Who keeps whom, so that any may be let go at any time: a stream keeps its engine, and the engine keeps
// encoder, decoder and the threads that compute. A window's buffers are kept until its text is delivered, and
// buffers keep their memory, not the engine. The process's table of engines (engine_table.h) keeps none: an
// engine goes with the last of those who use it.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "npu/device.h"
#include "speech/whisper/decode_stream.h"
#include "speech/whisper/precision.h"
#include "speech/whisper/window.h"

namespace npuspeech {

struct EngineOptions {
  /// A model's folder or file, or the name of one in the cache; "small" finds "whisper-small".
  std::string model = "whisper-base";
  /// The name of a device, as npu::openDevice() takes it.
  std::string device = "auto";
  Precision precision = Precision::Int8;
  /// The number of threads that compute; 0 stands for the number of physical cores.
  int threads = 0;
  bool operator==(const EngineOptions&) const = default;
};

/// What a model is, for those who prepare its windows.
struct ModelInfo {
  /// The name of its folder, or of its file without the extension.
  std::string name;
  /// Values of a log-mel frame: 80 or 128.
  int melBins = 0;
  /// States of a full window of 30 s: 1500 in every published size.
  int audioContext = 0;
  /// Values of one state: 512 for base.
  int stateWidth = 0;
  /// Whether it knows languages other than English.
  bool multilingual = false;
  /// The languages that it knows, as ISO 639-1 codes.
  std::vector<std::string> languages;

  /// Whether a window holds audio, and is of the length that the model takes.
  bool fits(const WindowShape& shape) const;
  /// Bytes of the window's log-mel, [frames][melBins] float32.
  size_t logMelBytes(const WindowShape& shape) const;
  /// Bytes of the window's states, [rows][stateWidth] float32.
  size_t stateBytes(const WindowShape& shape) const;
};

/// A loaded model on a device, with the threads that compute. Elements that ask for the same options share
/// one. All calls are thread-safe.
class Engine {
 public:
  /// Is told on the loading thread how much is done, from 0 to 1.
  using Progress = std::function<void(double fraction)>;

  /// Finds in some milliseconds what open() and openStream() would refuse: a device, folder or file that is
  /// missing or cut, or a language or task that the model does not have. Errors: theirs.
  static Result<void> check(const EngineOptions& options, const StreamOptions& stream = {});
  /// Loads the model, or waits for another thread that loads it. That takes up to a second, so that streaming
  /// threads leave it to others. Errors name the file at fault; Cancelled after `stop`.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Progress& progress,
                                              std::stop_token stop);
  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;
  /// The device whose memory holds log-mel and states. Shared, for pools of its memory outlive the engine.
  virtual const std::shared_ptr<npu::Device>& device() = 0;
  /// One sentence that says why it is this device.
  virtual const std::string& deviceReason() const = 0;

  /// Reads [shape.frames][melBins] float32 log-mel and writes [shape.rows()][stateWidth] float32 states.
  /// Computes on the engine's threads; `stop` interrupts it between layers. Errors: BadValue where window,
  /// model and buffers do not fit each other; Cancelled; DeviceFailed; OutOfMemory.
  virtual Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape,
                              npu::BufferObject& states, std::stop_token stop) = 0;
  /// Opens a stream of windows to decode. Errors: BadValue for a language or task that the model does not
  /// have.
  virtual Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) = 0;
};

}  // namespace npuspeech
