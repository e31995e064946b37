// SPDX-License-Identifier: LGPL-2.1-or-later
// Triangular mel filters on Slaney's scale, as Whisper was trained with.
#pragma once

#include <vector>

namespace npuspeech {

/// A bank of filters over the power spectrum of a frame. Immutable, and so thread-safe.
class MelFilters {
 public:
  /// Makes `bins` filters from 0 Hz to sampleRate / 2 over fftSize / 2 + 1 frequencies. The area of each is
  /// 1, with frequencies in Hz (Slaney's norm).
  MelFilters(int bins, int sampleRate, int fftSize);

  int bins() const { return static_cast<int>(ranges_.size()); }
  /// Writes to energies[b] the sum over all frequencies of filter b times `power`, which is [fftSize / 2 +
  /// 1].
  void apply(const float* power, float* energies) const;

 private:
  struct Range {
    int first, count;  // frequencies with a weight other than zero
  };
  std::vector<Range> ranges_;
  std::vector<float> weights_;  // of all ranges, one after the other
};

}  // namespace npuspeech
