// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound that came over a telephone, and what that does to a voice.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

/// The network hears in all voices without high frequencies the same one, a little. Takes that away from an
/// embedding of length 1, which has length 1 again.
void centreTelephone(std::span<float> unit);

/// Finds out whether sound has the band of a telephone, below 4 kHz, whatever its sample rate is now. Not
/// thread-safe. Does not allocate once warm.
class BandMeter {
 public:
  /// Adds frames of the filter bank, [frames][kMelBins]. The louder half of them counts.
  void add(std::span<const float> frames);
  bool isTelephone() const;
  void reset() {
    sums_.fill(0);
    frames_ = 0;
  }

 private:
  std::array<double, kMelBins> sums_{};
  int64_t frames_ = 0;
  std::vector<float> levels_, sorted_;
};

}  // namespace npuspeech::diar
