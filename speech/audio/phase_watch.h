// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether two channels take each other away when they are mixed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace npuspeech {

/// Decides whether two channels are to be mixed to their difference rather than to their mean. A microphone
/// that is wired the wrong way round, or a plug that carries a balanced line, gives two channels of opposite
/// sign, whose mean is silence. All other sound is to be mixed to the mean: channels that are unlike, one
/// that is dead, and stereo as people make it. Not thread-safe.
class PhaseWatch {
 public:
  /// `rate`: samples a second.
  explicit PhaseWatch(int rate) : window_(kWindowSeconds * std::max(rate, 1)) {}

  /// Takes the next `count` samples of both channels, which are `stride` values apart, at any scale that
  /// stays the same. Returns whether these samples already are to be mixed to the difference. They may be as
  /// many as come; all of them are judged together, and with the newest tenth of a second before them.
  template <class Sample>
  bool push(const Sample* left, const Sample* right, size_t stride, size_t count) {
    double energy = 0, product = 0;
    for (size_t i = 0; i < count * stride; i += stride) {
      const auto l = static_cast<double>(left[i]), r = static_cast<double>(right[i]);
      energy += l * l + r * r;
      product += l * r;
    }
    const double kept = std::exp(-static_cast<double>(count) / window_);
    const double sum = energy_ * kept + energy;
    // A sample that is no number says nothing, and is not to be remembered.
    if (!std::isfinite(sum)) return isOpposite_;
    energy_ = sum;
    product_ = product_ * kept + product;
    loudest_ = std::max(loudest_ * std::exp(-static_cast<double>(count) / (window_ * kLoudWindows)), energy_);
    if (energy_ < kQuietShare * loudest_ || energy_ == 0) return isOpposite_;
    const double share = (energy_ + 2 * product_) / energy_;
    isOpposite_ = share < (isOpposite_ ? kBack : kGone);
    return isOpposite_;
  }

 private:
  static constexpr double kWindowSeconds = 0.1, kLoudWindows = 100;
  static constexpr double kQuietShare = 1e-3;        // of the loudest of some seconds: pauses decide nothing
  static constexpr double kGone = 0.1, kBack = 0.3;  // of the energy; 1 where the channels are unlike
  double window_;                                    // samples
  double energy_ = 0, product_ = 0, loudest_ = 0;
  bool isOpposite_ = false;
};

}  // namespace npuspeech
