// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts that an engine is composed of. A new device is added by a function that makes such parts, as
// cpu/cpu_parts.h does.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "npu/device.h"
#include "speech/model/precision.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/decoder.h"
#include "speech/whisper/encoder.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// The parts of an engine. Encoder and decoder compute the same model, which `info` and `vocabulary`
/// describe. Each keeps alive what it needs: weights, threads, the device.
struct EngineParts {
  ModelInfo info;
  std::shared_ptr<const Vocabulary> vocabulary;
  /// The device whose memory holds log-mel and states.
  npu::ChosenDevice device;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder;
};

/// What a function that makes parts is asked for.
struct PartsRequest {
  /// The folder, or the file, of the model.
  std::string model;
  /// The arithmetic of the products.
  Precision precision = Precision::Int8;
  /// The number of threads that compute on the CPU.
  int threads = 1;
  /// The device that was chosen.
  npu::ChosenDevice device;
  /// Is told of progress; may be empty.
  Engine::Progress progress;
  /// Interrupts loading.
  std::stop_token stop;
};

/// Composes an engine of its parts. Throws std::bad_alloc, and std::system_error where no thread can be
/// started.
std::shared_ptr<Engine> makeEngine(EngineParts parts);

}  // namespace npuspeech
