// SPDX-License-Identifier: LGPL-2.1-or-later
// What time it is for an element.
#pragma once

#include <gst/gst.h>

#include "gst/holders.h"

namespace npuspeech::gst {

/// The element's running time: none without a clock, and none while the element does not play. A pipeline
/// gives its clock to all of its elements before the first one's base time: what GStreamer computes from the
/// two in between is the time since the machine started, or goes on in a pause. Any thread; takes the
/// element's lock.
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
