// SPDX-License-Identifier: LGPL-2.1-or-later
// Triangular mel filters on Slaney's scale.
#include "speech/audio/mel_filters.h"

#include <algorithm>
#include <cmath>

namespace npuspeech {
namespace {

// Slaney, Auditory Toolbox: linear below 1000 Hz (200 / 3 Hz a mel), logarithmic above (27 mels for a factor
// of 6.4).
constexpr double kLinearHzPerMel = 200.0 / 3;
constexpr double kBreakHz = 1000;
constexpr double kBreakMel = kBreakHz / kLinearHzPerMel;
const double kLogStep = std::log(6.4) / 27;

double melFromHz(double hz) {
  return hz < kBreakHz ? hz / kLinearHzPerMel : kBreakMel + std::log(hz / kBreakHz) / kLogStep;
}

double hzFromMel(double mel) {
  return mel < kBreakMel ? mel * kLinearHzPerMel : kBreakHz * std::exp((mel - kBreakMel) * kLogStep);
}

}  // namespace

MelFilters::MelFilters(int bins, int sampleRate, int fftSize) {
  const double top = melFromHz(sampleRate / 2.0);
  const auto edge = [&](int i) { return hzFromMel(top * i / (bins + 1)); };
  for (int bin = 0; bin < bins; ++bin) {
    const double low = edge(bin), centre = edge(bin + 1), high = edge(bin + 2);
    Range range{0, 0};
    for (int k = 0; k <= fftSize / 2; ++k) {
      const double hz = static_cast<double>(k) * sampleRate / fftSize;
      const double weight = std::min((hz - low) / (centre - low), (high - hz) / (high - centre));
      if (weight <= 0) continue;
      if (range.count == 0) range.first = k;
      ++range.count;
      weights_.push_back(static_cast<float>(weight * 2 / (high - low)));
    }
    ranges_.push_back(range);
  }
}

void MelFilters::apply(const float* power, float* energies) const {
  const float* weight = weights_.data();
  for (const Range& range : ranges_) {
    float sum = 0;
    for (int k = 0; k < range.count; ++k) sum += weight[k] * power[range.first + k];
    weight += range.count;
    *energies++ = sum;
  }
}

}  // namespace npuspeech
