// SPDX-License-Identifier: LGPL-2.1-or-later
// How a live source ends: with all that it has taken in.
#pragma once

#include <gst/gst.h>

/// An RTSP connection holds what came in the last 2 s. Lives in the main loop's thread.
class Drain {
 public:
  Drain() = default;
  ~Drain() { cancel(); }
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  /// Ends the element "source" of `pipeline` once it has handed over what it holds to "pace", which waits for
  /// the clock no longer; where that takes more than 4 s, the queue "entry" takes no more. False, with
  /// nothing done, where "pace" has no source, or one that is not live. Borrows the pipeline until cancel().
  bool begin(GstElement* pipeline);
  void cancel();

 private:
  GstElement* pipeline_ = nullptr;
  guint deadline_ = 0;
};
