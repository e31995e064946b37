// SPDX-License-Identifier: LGPL-2.1-or-later
// Time that went on elsewhere in the middle of what was said.
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Sound goes on behind `at` as if nothing had happened, but its source's clock is ahead by `by` there, as
/// behind a freeze. Windows keep the times that they began with; their text gets those of the clock.
struct ClockJump {
  GstClockTime at = GST_CLOCK_TIME_NONE;  // none: it did not jump
  GstClockTime by = 0;

  /// A clock's time for a window's. Where they meet, sound ends rather than begins.
  GstClockTime timeOf(GstClockTime time) const { return time > at ? time + by : time; }

  /// Moves words of a window that begins at `start`, each whole, so that they count from timeOf(start).
  void apply(GstClockTime start, DecodedWindow& window) const {
    if (by == 0 || start > at) return;
    for (std::vector<Word>* words : {&window.words, &window.interim})
      for (Word& word : *words) {
        const int64_t middle = static_cast<int64_t>(start) + (word.startNs + word.endNs) / 2;
        if (static_cast<GstClockTime>(std::max<int64_t>(middle, 0)) <= at) continue;
        word.startNs += static_cast<int64_t>(by);
        word.endNs += static_cast<int64_t>(by);
      }
  }
};

}  // namespace npuspeech::gst
