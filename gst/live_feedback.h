// SPDX-License-Identifier: LGPL-2.1-or-later
// What the decoder tells npumel while somebody speaks: which audio is done with, and that it is ready for
// more.
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "speech/audio/windower.h"
#include "speech/stream/step_pacer.h"

namespace npuspeech::gst {

/// For the streaming thread, but receive() for any.
class LiveFeedback {
 public:
  /// The committed-event came: `until` in stream time.
  void receive(GstClockTime until) {
    receivedAt_ = now();
    until_ = until;
  }

  /// Before each piece of audio: the windower hears what was received, and whether a window may come out.
  void apply(const GstSegment& segment, Windower& windower) {
    if (const GstClockTime until = until_.exchange(GST_CLOCK_TIME_NONE); until != GST_CLOCK_TIME_NONE) {
      const guint64 position = gst_segment_position_from_stream_time(&segment, GST_FORMAT_TIME, until);
      if (position != GST_CLOCK_TIME_NONE) windower.commit(static_cast<int64_t>(position));
      pacer_.answered(receivedAt_);
    }
    windower.holdPartial(!pacer_.mayPush(now()));
  }

  /// A partial window is about to be pushed: no other one for now.
  void pushed(Windower& windower) {
    pacer_.pushed(now());
    windower.holdPartial(!pacer_.mayPush(now()));
  }

  /// The audio starts again elsewhere.
  void reset() {
    until_ = GST_CLOCK_TIME_NONE;
    pacer_.reset();
  }

 private:
  static int64_t now() { return g_get_monotonic_time() * 1000; }

  std::atomic<GstClockTime> until_{GST_CLOCK_TIME_NONE};
  std::atomic<int64_t> receivedAt_{0};
  StepPacer pacer_;
};

}  // namespace npuspeech::gst
