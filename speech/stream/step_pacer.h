// SPDX-License-Identifier: LGPL-2.1-or-later
// How often a growing utterance is read again: as often as asked for, or as the machine can.
#pragma once

#include <algorithm>
#include <cstdint>

namespace npuspeech {

/// Decides when the next partial window may be read: once the one before has been answered, and so late that
/// reading takes at most a given share of the time. So a slow machine reads less often, but each time the
/// newest audio: it does not fall behind, and has time left for what else it does. All times are in ns, by
/// any one clock. Not thread-safe.
class StepPacer {
 public:
  /// `share`: the largest part of the time that reading may take, from 0 to 1.
  explicit StepPacer(double share = 0.5) : share_(share) {}

  /// Forgets how long windows took, and the window that is being read.
  void reset() { *this = StepPacer(share_); }
  /// A window is given to be read.
  void pushed(int64_t now) {
    pushedAt_ = now;
    waiting_ = true;
  }
  /// The window that was given last has been read.
  void answered(int64_t now) {
    if (!waiting_) return;
    waiting_ = false;
    answers_ = true;
    const int64_t took = now - pushedAt_;
    cost_ = cost_ == 0 ? took : cost_ + (took - cost_) / 4;
  }
  /// Whether a window may be given now. A reader that has never answered is not waited for, and one that
  /// answers no more is waited for at most kLostNs.
  bool mayPush(int64_t now) const {
    if (!answers_) return true;
    if (waiting_) return now - pushedAt_ >= kLostNs;
    return now - pushedAt_ >= static_cast<int64_t>(static_cast<double>(cost_) / share_);
  }
  /// How long a window takes to be read, smoothed.
  int64_t costNs() const { return cost_; }

 private:
  static constexpr int64_t kLostNs = 5'000'000'000;
  double share_;
  int64_t pushedAt_ = 0;
  int64_t cost_ = 0;      // as costNs()
  bool waiting_ = false;  // for the answer to the last window
  bool answers_ = false;  // the reader has answered once
};

}  // namespace npuspeech
