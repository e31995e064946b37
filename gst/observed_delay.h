// SPDX-License-Identifier: LGPL-2.1-or-later
// How long after it was said text is there.
#pragma once

#include <gst/gst.h>

#include <optional>

namespace npuspeech::gst {

/// Live text's longest delay: from the end of what was said to when its text was decoded, in running time.
/// How long a sink holds text back does not count. Not thread-safe.
class ObservedDelay {
 public:
  void reset() { max_ = 0; }
  /// Text that ends at `end` (a position in `segment`) was decoded at `decodedAt`. Returns the delay where it
  /// is the longest so far; nothing where the times are unknown.
  std::optional<GstClockTime> observe(const GstSegment& segment, GstClockTime end, GstClockTime decodedAt) {
    const GstClockTime said = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, end);
    if (!GST_CLOCK_TIME_IS_VALID(said) || !GST_CLOCK_TIME_IS_VALID(decodedAt) || decodedAt <= said + max_)
      return {};
    max_ = decodedAt - said;
    return max_;
  }

 private:
  GstClockTime max_ = 0;
};

}  // namespace npuspeech::gst
