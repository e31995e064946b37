// SPDX-License-Identifier: LGPL-2.1-or-later
// Leads a track over a hole in what its source sends.
#pragma once

#include <gst/gst.h>

/// Sits on the source pad of an element that raw audio or video goes through. Where more than half a second
/// is missing in front of a buffer, or keepUp() says so, the pad pushes what it had last: a picture again,
/// sound as silence. A source that comes back begins a new stream; behind the bridge the old one goes on.
class Bridge {
 public:
  /// `element` has one sink and one source pad, and passes events on. `stepNs` is the duration of a buffer of
  /// the bridge; 0: that of the last one. Sound is of a format in which silence is zeros.
  Bridge(GstElement* element, bool isSound, GstClockTime stepNs);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Nothing comes from the source, and the track is to go on until `runningTime`. From any thread.
  void keepUp(GstClockTime runningTime);

 private:
  void fillUntil(GstClockTime runningTime);
  GstBuffer* bufferAt(GstClockTime runningTime) const;
  // What is to go on in place of what came; ownership passes through.
  GstBuffer* take(GstBuffer* buffer);
  GstEvent* take(GstEvent* event);
  static GstPadProbeReturn onData(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstPad *const sink_, *const source_;
  const bool isSound_;
  const GstClockTime stepNs_;
  gulong probe_ = 0;
  // The sink pad's stream lock guards these.
  GstSegment segment_;
  GstBuffer* last_ = nullptr;
  GstClockTime end_ = 0;  // of what was pushed, in running time; where there is a last buffer
  bool isFilling_ = false;
};
