// SPDX-License-Identifier: LGPL-2.1-or-later
// Voice activity: the Silero network, version 6, 16 kHz.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace npuspeech {

/// The network's weights, packed. Immutable: any number of streams may share them.
class SileroWeights {
 public:
  /// Reads silero_vad_16k.safetensors, a file of the Python package silero-vad. Errors: NotFound, BadFile.
  static Result<std::shared_ptr<const SileroWeights>> load(const std::string& path);
  ~SileroWeights();
  struct Data;
  const Data& data() const { return *data_; }

 private:
  SileroWeights();
  std::unique_ptr<Data> data_;
};

/// Finds the speech probability of each frame of 32 ms of one stream. Not thread-safe.
class SileroVad {
 public:
  /// Samples of a frame.
  static constexpr int kFrame = 512;
  /// A value of `forgetAfter` for streams of many voices: 0.77 s of silence
  /// (docs/performance/2026-11-27-voice-activity.md has others). After a loud voice the network
  /// does not hear one that is softer by 36 dB or more, until it forgets.
  static constexpr int kForgetInPauses = 24;
  /// `forgetAfter`: after so many frames of silence behind speech the network forgets what it heard; 0 stands
  /// for never, as in the original.
  explicit SileroVad(std::shared_ptr<const SileroWeights> weights, int forgetAfter = 0);
  ~SileroVad();

  void reset();
  /// Writes a probability for each frame of `samples`, of which there is a multiple of kFrame. Many frames at
  /// a time are faster than one.
  void run(std::span<const float> samples, std::span<float> probabilities);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace npuspeech
