// SPDX-License-Identifier: LGPL-2.1-or-later
// The running time of an element, where it is meaningful.
#pragma once

#include <gst/gst.h>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// Returns the element's running time, or GST_CLOCK_TIME_NONE without a clock or while the element does not
/// play. GStreamer itself would return a wrong time then: a pipeline sets the clock of all elements before it
/// sets their base times, and the clock runs on in a pause. Any thread. Takes the element's object lock.
inline GstClockTime runningTime(GstElement* element) {
  {
    const ObjectLock lock(element);
    // An element has its base time when it is told to play.
    if (GST_STATE(element) != GST_STATE_PLAYING && GST_STATE_NEXT(element) != GST_STATE_PLAYING)
      return GST_CLOCK_TIME_NONE;
  }
  return gst_element_get_current_running_time(element);
}

}  // namespace npuspeech::gst
