// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound that came over a telephone, and what that does to a voice.
#include "speech/diar/telephone_band.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "speech/diar/unit_vector.h"
#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {
namespace {

/// The mean of CAM++'s unit embeddings of 45 recordings that were resampled to 8 kHz and back.
// clang-format off
constexpr std::array<float, kEmbedding> kTelephoneMean = {
    -0.001529f, 0.004402f, 0.014247f, -0.062510f, -0.046042f, -0.001221f, -0.016272f, -0.009223f, -0.011415f, -0.049213f, -0.044088f, -0.048652f,
    -0.056285f, -0.053959f, 0.001433f, 0.021428f, -0.007927f, 0.059244f, 0.022232f, -0.038628f, 0.069424f, -0.008189f, -0.037855f, -0.008024f,
    -0.015181f, 0.017934f, -0.059668f, 0.056567f, -0.014592f, 0.007714f, -0.013846f, -0.010784f, 0.014187f, -0.039163f, -0.004882f, 0.021856f,
    -0.003061f, -0.046362f, 0.000550f, -0.003680f, 0.039495f, 0.014382f, -0.046069f, 0.010322f, -0.006994f, -0.020900f, -0.010048f, 0.000111f,
    0.036687f, 0.006537f, -0.004749f, -0.039614f, -0.007119f, 0.028378f, 0.019766f, 0.090623f, 0.054617f, -0.004752f, -0.019674f, -0.039458f,
    -0.001143f, -0.000332f, 0.054518f, 0.014206f, 0.020715f, 0.020373f, -0.022611f, -0.026208f, -0.044553f, -0.054197f, 0.028402f, -0.013562f,
    -0.012192f, 0.009524f, -0.061902f, 0.030698f, -0.026508f, 0.067481f, -0.018802f, -0.009547f, 0.000550f, 0.018968f, -0.017125f, 0.020197f,
    0.036335f, 0.043645f, 0.009958f, -0.027796f, -0.017657f, -0.047067f, 0.024361f, 0.024084f, 0.038496f, 0.037296f, -0.035812f, 0.041809f,
    0.065363f, -0.032153f, -0.024034f, -0.023405f, -0.006464f, -0.074662f, 0.090005f, 0.026465f, 0.014661f, 0.027401f, 0.022026f, 0.023330f,
    -0.013517f, -0.045436f, 0.053914f, -0.049540f, -0.024634f, -0.029494f, 0.019963f, 0.068429f, 0.042282f, 0.046222f, 0.040633f, -0.059044f,
    -0.021805f, 0.065303f, -0.012779f, -0.031768f, -0.007318f, 0.024103f, -0.034355f, 0.014565f, -0.037222f, 0.030098f, -0.023465f, -0.026898f,
    0.047940f, -0.065258f, -0.024008f, 0.001916f, 0.001031f, -0.061200f, 0.009690f, -0.003619f, 0.009411f, 0.024081f, 0.040848f, 0.058814f,
    -0.040028f, -0.018872f, 0.057146f, 0.030495f, 0.004812f, -0.089760f, 0.003414f, -0.039051f, -0.015351f, 0.047630f, 0.008818f, -0.027007f,
    -0.007321f, -0.021460f, -0.021788f, -0.022174f, 0.014052f, -0.023214f, 0.019355f, -0.018815f, 0.041715f, -0.003237f, -0.005569f, -0.040359f,
    -0.021161f, 0.018322f, 0.059239f, -0.004567f, 0.020297f, 0.047439f, -0.036722f, -0.006412f, 0.053169f, 0.016594f, -0.027279f, -0.003126f,
    -0.033815f, 0.037413f, 0.039841f, 0.017368f, 0.007352f, -0.022435f, -0.017947f, -0.084182f, -0.018950f, -0.046494f, -0.053389f, 0.051756f,
};
// clang-format on
constexpr float kShare = 0.8f;  // of the mean that is taken away

/// The bins above 5.2 kHz, of which a telephone leaves nothing.
constexpr int kTopBins = 14;
/// In logarithms of power. In 19 wide recordings the loudest bin was 3 to 6.1 above the top ones, and in one
/// of a telephone 17.
constexpr double kTelephone = 10;

}  // namespace

void centreTelephone(std::span<float> unit) {
  for (size_t i = 0; i < unit.size(); ++i) unit[i] -= kShare * kTelephoneMean[i];
  normalize(unit);
}

void BandMeter::add(std::span<const float> frames) {
  const size_t count = frames.size() / kMelBins;
  levels_.clear();
  for (size_t frame = 0; frame < count; ++frame) {
    const auto bins = frames.subspan(frame * kMelBins, kMelBins);
    levels_.push_back(std::accumulate(bins.begin(), bins.end(), 0.0f));
  }
  if (count == 0) return;
  sorted_ = levels_;
  const auto middle = sorted_.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(sorted_.begin(), middle, sorted_.end());
  for (size_t frame = 0; frame < count; ++frame) {
    if (levels_[frame] < *middle) continue;
    for (size_t bin = 0; bin < kMelBins; ++bin) sums_[bin] += frames[frame * kMelBins + bin];
    ++frames_;
  }
}

bool BandMeter::isTelephone() const {
  if (frames_ == 0) return false;
  const double top = std::accumulate(sums_.end() - kTopBins, sums_.end(), 0.0) / kTopBins;
  return (*std::max_element(sums_.begin(), sums_.end()) - top) / static_cast<double>(frames_) > kTelephone;
}

}  // namespace npuspeech::diar
