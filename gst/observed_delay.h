// SPDX-License-Identifier: LGPL-2.1-or-later
// How long after it was said text comes out.
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <optional>

namespace npuspeech::gst {

/// Live text's delay: from the end of what was said to now, by the pipeline's clock. Not thread-safe.
class ObservedDelay {
 public:
  void reset() { max_ = 0; }
  /// Text that ends at `end` (a position in `segment`) is about to be pushed. Returns the delay where it is
  /// the longest so far; nothing too where the element has no clock.
  std::optional<GstClockTime> observe(GstElement* element, const GstSegment& segment, GstClockTime end) {
    GstClock* clock = gst_element_get_clock(element);
    if (!clock) return {};
    const GstClockTime now = gst_clock_get_time(clock), base = gst_element_get_base_time(element);
    gst_object_unref(clock);
    const GstClockTime said = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, end);
    if (!GST_CLOCK_TIME_IS_VALID(said) || now < base + said || now - base - said <= max_) return {};
    max_ = now - base - said;
    return max_;
  }

 private:
  GstClockTime max_ = 0;
};

}  // namespace npuspeech::gst
