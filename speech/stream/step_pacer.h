// SPDX-License-Identifier: LGPL-2.1-or-later
// How often a growing utterance is read again: as often as asked for, or as the machine can.
#pragma once

#include <algorithm>
#include <cstdint>

namespace npuspeech {

/// Lets the next partial window out once the last one has been answered, and not before the time that it
/// took is at most `share` of the time between the two. So a slow machine reads less often, always has the
/// newest audio, and never falls behind; what else it has to do keeps its part. Times are of any one clock,
/// in ns. Not thread-safe.
class StepPacer {
 public:
  explicit StepPacer(double share = 0.5) : share_(share) {}

  void reset() { *this = StepPacer(share_); }
  void pushed(int64_t now) {
    pushedAt_ = now;
    waiting_ = true;
  }
  /// The newest window that was pushed is through.
  void answered(int64_t now) {
    if (!waiting_) return;
    waiting_ = false;
    answers_ = true;
    const int64_t took = now - pushedAt_;
    cost_ = cost_ == 0 ? took : cost_ + (took - cost_) / 4;
  }
  /// Downstream that never answers is not waited for, and one that has stopped to, for kLostNs only.
  bool mayPush(int64_t now) const {
    if (!answers_) return true;
    if (waiting_) return now - pushedAt_ >= kLostNs;
    return now - pushedAt_ >= static_cast<int64_t>(static_cast<double>(cost_) / share_);
  }
  /// What a window takes, smoothed.
  int64_t costNs() const { return cost_; }

 private:
  static constexpr int64_t kLostNs = 5'000'000'000;
  double share_;
  int64_t pushedAt_ = 0, cost_ = 0;
  bool waiting_ = false, answers_ = false;
};

}  // namespace npuspeech
