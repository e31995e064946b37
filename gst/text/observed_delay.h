// SPDX-License-Identifier: LGPL-2.1-or-later
// Measures how late live text is.
#pragma once

#include <gst/gst.h>

#include <optional>

namespace npuspeech::gst {

/// The longest delay of live text: the running time from its PTS, which a sink waits for, to when it was
/// ready. The time that a sink holds text back does not count. Not thread-safe.
class ObservedDelay {
 public:
  void reset() { max_ = 0; }
  /// Notes that text that begins at `pts` (a position in `segment`) was ready at the running time `readyAt`.
  /// Returns the delay where it is the longest so far; empty where it is not, or where a time is unknown.
  std::optional<GstClockTime> observe(const GstSegment& segment, GstClockTime pts, GstClockTime readyAt) {
    const GstClockTime said = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts);
    if (!GST_CLOCK_TIME_IS_VALID(said) || !GST_CLOCK_TIME_IS_VALID(readyAt) || readyAt <= said + max_)
      return {};
    max_ = readyAt - said;
    return max_;
  }

 private:
  GstClockTime max_ = 0;
};

}  // namespace npuspeech::gst
