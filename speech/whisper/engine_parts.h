// SPDX-License-Identifier: LGPL-2.1-or-later
// What an engine is made of. A device adds a place to compute by making these (cpu/cpu_parts.h is an
// example).
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "npu/device.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/decoder.h"
#include "speech/whisper/encoder.h"
#include "speech/whisper/engine.h"
#include "speech/whisper/precision.h"

namespace npuspeech {

/// Encoder and decoder are of the same model, which `info` and `vocabulary` describe. Each keeps what it
/// needs itself: weights, threads, the device.
struct EngineParts {
  ModelInfo info;
  std::shared_ptr<const Vocabulary> vocabulary;
  npu::ChosenDevice device;  // whose memory holds log-mel and states
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder;
};

/// What is asked of who makes parts.
struct PartsRequest {
  /// The folder, or the file, of the model.
  std::string model;
  Precision precision = Precision::Int8;
  /// The number of threads that compute, on the CPU.
  int threads = 1;
  npu::ChosenDevice device;
  /// May be empty.
  Engine::Progress progress;
  std::stop_token stop;
};

/// Makes an engine of its parts. Throws std::bad_alloc, and std::system_error where no thread can be started.
std::shared_ptr<Engine> makeEngine(EngineParts parts);

}  // namespace npuspeech
