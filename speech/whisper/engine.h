// SPDX-License-Identifier: LGPL-2.1-or-later
// A Whisper model on a device: it encodes windows of log-mel, and decodes the states to text.
//
// Lifetimes: any object may be released at any time. A stream keeps its engine alive, and the engine keeps
// its encoder, decoder and threads. The buffers of a window are kept until its text is delivered. Buffers
// keep their memory alive, not the engine. The process's table of engines (engine_table.h) only holds weak
// references: an engine is destroyed with its last user.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "npu/device.h"
#include "speech/model/precision.h"
#include "speech/whisper/decode_stream.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// What engine is wanted.
struct EngineOptions {
  /// A model's folder or file, or the name of one in the cache; "small" finds "whisper-small".
  std::string model = "whisper-base";
  /// The name of a device, as npu::openDevice() takes it.
  std::string device = "auto";
  /// The arithmetic of the products.
  Precision precision = Precision::Int8;
  /// The number of threads that compute; 0 stands for the number of physical cores.
  int threads = 0;
  bool operator==(const EngineOptions&) const = default;
};

/// The sizes and languages of a model, which its windows have to fit.
struct ModelInfo {
  /// The name of its folder, or of its file without the extension.
  std::string name;
  /// The number of values of a log-mel frame: 80 or 128.
  int melBins = 0;
  /// The number of states of a full window of 30 s: 1500 in every published size.
  int audioContext = 0;
  /// The number of values of a state: 512 for base.
  int stateWidth = 0;
  /// Whether the model knows languages other than English.
  bool multilingual = false;
  /// The ISO 639-1 codes of the languages that the model knows.
  std::vector<std::string> languages;

  /// Whether a window has audio, and a length that the model takes.
  bool fits(const WindowShape& shape) const;
  /// The size of a window's log-mel in bytes: [frames][melBins] float32.
  size_t logMelBytes(const WindowShape& shape) const;
  /// The size of a window's states in bytes: [rows][stateWidth] float32.
  size_t stateBytes(const WindowShape& shape) const;
};

/// A loaded model on a device, with the threads that compute. Users that open the same options share one
/// engine. All calls are thread-safe.
class Engine {
 public:
  /// Is called on the loading thread with the part that is loaded, from 0 to 1.
  using Progress = std::function<void(double fraction)>;

  /// Checks in a few milliseconds, without loading, for what open() and openStream() would refuse: a device,
  /// folder or file that is missing or cut off, and a language or task that the model does not have. Errors:
  /// those of open() and openStream().
  static Result<void> check(const EngineOptions& options, const StreamOptions& stream = {});
  /// Loads the model, or waits while another thread loads it. Loading takes up to a second, so do not call it
  /// on a streaming thread. Errors name the file at fault; Cancelled after `stop`.
  static Result<std::shared_ptr<Engine>> open(const EngineOptions& options, const Progress& progress,
                                              std::stop_token stop);
  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;
  /// The device whose memory holds log-mel and states. It is shared, because pools of its memory may outlive
  /// the engine.
  virtual const std::shared_ptr<npu::Device>& device() = 0;
  /// A sentence that says why this device was chosen.
  virtual const std::string& deviceReason() const = 0;

  /// Reads [shape.frames][melBins] float32 log-mel and writes [shape.rows()][stateWidth] float32 states.
  /// Computes on the engine's threads. `stop` interrupts the work between layers. Errors: BadValue where
  /// window, model and buffers do not fit each other; Cancelled; DeviceFailed; OutOfMemory.
  virtual Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape,
                              npu::BufferObject& states, std::stop_token stop) = 0;
  /// Opens a stream of windows to decode. Errors: BadValue for a language or task that the model does not
  /// have.
  virtual Result<std::unique_ptr<DecodeStream>> openStream(const StreamOptions& options) = 0;
};

}  // namespace npuspeech
