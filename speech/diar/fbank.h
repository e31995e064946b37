// SPDX-License-Identifier: LGPL-2.1-or-later
// Kaldi's log mel filter bank, which the speaker embedding was trained on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "speech/audio/fft.h"

namespace npuspeech {

/// Computes frames of mono audio at 16 kHz, in [-1, 1]. Frame j sees the samples [160 j, 160 j + 400) only,
/// so that any piece of a stream that starts at a multiple of 160 gives the same frames. The level matters,
/// for energies below 2^-23 are raised to it. One object is of one thread at a time. Allocates in the
/// constructor only.
class Fbank {
 public:
  static constexpr int kBins = 80, kWindow = 400, kHop = 160;

  Fbank();

  /// The number of frames that so many samples make.
  static constexpr int64_t framesOf(int64_t samples) {
    return samples < kWindow ? 0 : 1 + (samples - kWindow) / kHop;
  }
  /// Writes [framesOf(samples.size())][kBins].
  void run(std::span<const float> samples, float* frames);

 private:
  static constexpr int kFft = 512;
  struct Filter {
    int first, count;  // frequencies with a weight
  };
  void computeFrame(const float* samples, float* frame);

  RealFft fft_;
  AlignedVector<float> window_;  // [kWindow]
  AlignedVector<float> power_;   // [kFft / 2]
  std::vector<Filter> filters_;  // [kBins]
  std::vector<float> weights_;   // of all filters, one after the other
};

}  // namespace npuspeech
