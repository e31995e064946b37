// SPDX-License-Identifier: LGPL-2.1-or-later
// How far timestamps have been from where their sound belongs.
#pragma once

#include <algorithm>
#include <cstdint>

namespace npuspeech {

/// The largest and the least deviation of timestamps over the newest one to two seconds of their own clock.
/// A deviation is positive where a timestamp is later than its sound should be. All times are in ns. Not
/// thread-safe.
class Deviation {
 public:
  /// The length of the spans of time that are compared, by the clock of the timestamps.
  static constexpr int64_t kSpanNs = 1'000'000'000;

  /// Forgets everything.
  void reset() { *this = {}; }
  /// Takes the deviation of the timestamp `at`.
  void add(int64_t at, int64_t deviation) {
    if (!isBegun_ || at - begin_ >= kSpanNs) {
      hasLast_ = isBegun_;
      last_ = now_;
      now_ = {deviation, deviation};
      begin_ = at;
      isBegun_ = true;
    }
    now_ = {std::min(now_.least, deviation), std::max(now_.most, deviation)};
  }
  /// From the timestamp `at` on: the deviation was between `least` and `most` for a whole span, and is `now`.
  void set(int64_t at, int64_t least, int64_t most, int64_t now) {
    last_ = {least, most};
    now_ = {now, now};
    begin_ = at;
    isBegun_ = hasLast_ = true;
  }
  /// Adds `by` to all deviations, as the place where the sound belongs has moved by as much the other way.
  void shift(int64_t by) {
    for (Range* range : {&now_, &last_}) {
      range->least += by;
      range->most += by;
    }
  }

  /// The least deviation of this span and the one before.
  int64_t least() const { return hasLast_ ? std::min(now_.least, last_.least) : now_.least; }
  /// The largest deviation of this span and the one before.
  int64_t most() const { return hasLast_ ? std::max(now_.most, last_.most) : now_.most; }
  /// By how much the largest deviation of this span is less than that of the span before.
  int64_t fallen() const { return hasLast_ ? last_.most - now_.most : 0; }
  /// The deviation that all timestamps of at least a whole span have in common. It is 0 where some came too
  /// early and some too late.
  int64_t lasting() const {
    if (!hasLast_) return 0;
    return least() > 0 ? least() : std::min<int64_t>(most(), 0);
  }

 private:
  struct Range {
    int64_t least = 0;
    int64_t most = 0;
  };
  Range now_;          // of the span that is going on
  Range last_;         // of the span before it
  int64_t begin_ = 0;  // the timestamp at which the present span began
  bool isBegun_ = false;
  bool hasLast_ = false;  // whether there was a span before the present one
};

}  // namespace npuspeech
