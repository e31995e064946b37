// SPDX-License-Identifier: LGPL-2.1-or-later
// What the decoder tells npumel while somebody speaks: which audio is done with, and that it is ready for
// more.
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <optional>
#include <utility>

#include "gst/events.h"
#include "speech/audio/windower.h"
#include "speech/stream/step_pacer.h"

namespace npuspeech::gst {

/// For the streaming thread, but receive() for any.
class LiveFeedback {
 public:
  /// The committed-event came.
  void receive(const Settled& settled) {
    const std::lock_guard lock(mutex_);
    received_ = {settled, now()};
  }

  /// Before each piece of audio: the windower hears what was received, and whether a window may come out.
  void apply(const GstSegment& segment, Windower& windower) {
    // What was settled before a break has times of another segment, and answers nothing.
    if (const auto received = take(); received && windower.isCurrent(received->settled.utterance)) {
      const guint64 position =
          gst_segment_position_from_stream_time(&segment, GST_FORMAT_TIME, received->settled.until);
      if (position != GST_CLOCK_TIME_NONE) windower.commit(static_cast<int64_t>(position));
      pacer_.answered(received->at);
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
    take();
    pacer_.reset();
  }

 private:
  static int64_t now() { return g_get_monotonic_time() * 1000; }

  struct Received {
    Settled settled;
    int64_t at = 0;  // monotonic time, ns
  };
  std::optional<Received> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(received_, std::nullopt);
  }

  std::mutex mutex_;
  std::optional<Received> received_;
  StepPacer pacer_;
};

}  // namespace npuspeech::gst
