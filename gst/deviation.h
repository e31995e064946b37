// SPDX-License-Identifier: LGPL-2.1-or-later
// How far timestamps have been from where their sound belongs.
#pragma once

#include <gst/gst.h>

#include <algorithm>

namespace npuspeech::gst {

/// The largest and the least deviation of the last one to two spans of the timestamps' clock.
class Deviation {
 public:
  static constexpr GstClockTimeDiff kSpan = GST_SECOND;

  void reset() { *this = {}; }
  void add(GstClockTime at, GstClockTimeDiff deviation) {
    if (!isBegun_ || (at > begin_ && static_cast<GstClockTimeDiff>(at - begin_) >= kSpan)) {
      hasLast_ = isBegun_;
      last_ = now_;
      now_ = {deviation, deviation};
      begin_ = at;
      isBegun_ = true;
    }
    now_ = {std::min(now_.least, deviation), std::max(now_.most, deviation)};
  }
  /// For a span it has been in that range, and it is `now`.
  void set(GstClockTime at, GstClockTimeDiff least, GstClockTimeDiff most, GstClockTimeDiff now) {
    last_ = {least, most};
    now_ = {now, now};
    begin_ = at;
    isBegun_ = hasLast_ = true;
  }
  /// All of them changed by that much.
  void shift(GstClockTimeDiff by) {
    for (Range* range : {&now_, &last_}) {
      range->least += by;
      range->most += by;
    }
  }

  GstClockTimeDiff least() const { return hasLast_ ? std::min(now_.least, last_.least) : now_.least; }
  GstClockTimeDiff most() const { return hasLast_ ? std::max(now_.most, last_.most) : now_.most; }
  /// How much less the largest is than that of the span before.
  GstClockTimeDiff fallen() const { return hasLast_ ? last_.most - now_.most : 0; }
  /// What all of at least a span have in common: 0 where they are on both sides.
  GstClockTimeDiff lasting() const {
    if (!hasLast_) return 0;
    return least() > 0 ? least() : std::min<GstClockTimeDiff>(most(), 0);
  }

 private:
  struct Range {
    GstClockTimeDiff least = 0, most = 0;
  };
  Range now_, last_;
  GstClockTime begin_ = 0;
  bool isBegun_ = false, hasLast_ = false;
};

}  // namespace npuspeech::gst
