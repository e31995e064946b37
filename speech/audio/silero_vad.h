// SPDX-License-Identifier: LGPL-2.1-or-later
// Voice activity: the Silero network, version 6, 16 kHz.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace npuspeech {

/// The network's weights, packed. Immutable; shared by any number of streams.
class SileroWeights {
 public:
  /// `path`: silero_vad_16k.safetensors of the PyPI package silero-vad. Errors: NotFound, BadFile.
  static Result<std::shared_ptr<const SileroWeights>> load(const std::string& path);
  ~SileroWeights();
  struct Data;
  const Data& data() const { return *data_; }

 private:
  SileroWeights();
  std::unique_ptr<Data> data_;
};

/// Speech probability of consecutive 32 ms frames of one stream. Not thread-safe.
class SileroVad {
 public:
  static constexpr int kFrame = 512;  // samples
  /// For a stream of many voices: 0.77 s of silence (docs/performance/2026-11-27-voice-activity.md has
  /// others). Behind a loud voice the network is deaf to one that is 36 dB and more softer, until it
  /// forgets.
  static constexpr int kForgetInPauses = 24;
  /// forgetAfter: frames of silence behind speech that reset the network; 0: none do, as in the original.
  explicit SileroVad(std::shared_ptr<const SileroWeights> weights, int forgetAfter = 0);
  ~SileroVad();

  void reset();
  /// samples: a multiple of kFrame; probabilities: one for each frame. Many frames at a time are faster than
  /// one.
  void run(std::span<const float> samples, std::span<float> probabilities);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npuspeech
