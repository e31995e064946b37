// SPDX-License-Identifier: LGPL-2.1-or-later
// Pushes to one text pad of npuwhisperdec: the text of decoded windows, and the stream's events between them.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <optional>

#include "gst/core/stats.h"
#include "gst/text/decoder_settings.h"
#include "gst/text/interim_output.h"
#include "gst/text/no_words.h"
#include "gst/text/observed_delay.h"
#include "gst/text/text_pusher.h"
#include "speech/stream/clock_jump.h"

namespace npuspeech::gst {

/// The place of a window in the stream, and when it was heard and decoded.
struct PlacedWindow {
  /// The window's PTS and duration, in ns.
  GstClockTime pts = 0, duration = 0;
  /// The number of its utterance.
  uint64_t utterance = 0;
  /// The running time at which its last sample had arrived; GST_CLOCK_TIME_NONE without a clock.
  GstClockTime heardAt = GST_CLOCK_TIME_NONE;
  /// The running time at which its text was ready; GST_CLOCK_TIME_NONE without a clock.
  GstClockTime decodedAt = GST_CLOCK_TIME_NONE;
  /// The jump of the source's clock that the times of its text have to follow.
  ClockJump jump;
  /// Whether its text is a transcript or a translation.
  Task task = Task::Transcribe;
  /// True: the window does not follow the one before it.
  bool discont = false;
  /// True: it is the last window of its utterance.
  bool isFinal = true;
  /// True: the stream is live.
  bool isLive = false;

  /// The start of the window by the source's clock, as the times of its text are.
  GstClockTime start() const { return timeOf(pts); }
  /// The end of the window by the source's clock.
  GstClockTime end() const { return timeOf(pts + duration); }

 private:
  GstClockTime timeOf(GstClockTime time) const {
    return static_cast<GstClockTime>(jump.timeOf(static_cast<int64_t>(time)));
  }
};

/// Calls are for the task of the pad, unless they name another thread.
class DecoderOutput {
 public:
  /// New-item events go upstream through `sink`. `sink` and `interim` are null for a translation pad.
  DecoderOutput(GstElement* element, GstPad* sink, GstPad* src, Stats& stats, InterimOutput* interim)
      : element_(element),
        sink_(sink),
        src_(src),
        stats_(stats),
        interim_(interim),
        text_(src, [this](GstClockTime pts) { observe(pts); }) {}

  /// Forgets the stream. Call it only while the task is paused.
  void reset();
  /// Pushes a window's text. An error in `decoded` is posted on the bus.
  GstFlowReturn pushWindow(const Result<DecodedWindow>& decoded, const PlacedWindow& place,
                           const DecoderSettings& settings);
  /// Counts a window whose text is not pushed, because the pad is not linked.
  void passOver(const Result<DecodedWindow>& decoded);
  /// Pushes a serialized event of the sink pad, after the text before it. `arrivedAt` is the running time at
  /// which it came; GST_CLOCK_TIME_NONE without a clock.
  GstFlowReturn pushEvent(Held<GstEvent> event, GstClockTime arrivedAt, const DecoderSettings& settings);

  /// In a live stream, the running time at which text that waits for more words has to be pushed to keep the
  /// promised latency. Empty where no text waits.
  std::optional<GstClockTime> due(const DecoderSettings& settings) const;
  /// Pushes the text that waits for more words. `now` is the running time.
  GstFlowReturn release(GstClockTime now, const DecoderSettings& settings);

  /// The value of property max-observed-delay, in ns. Any thread.
  GstClockTime maxObservedDelay() const { return maxDelay_; }

 private:
  void tellUpstream(const DecodedWindow& window, const PlacedWindow& place);
  TextPusher::Place textPlace(const DecodedWindow& window, const PlacedWindow& place,
                              const DecoderSettings& settings);
  /// The longest time that text may come after its audio: the latencies and the lateness of `settings`.
  GstClockTime promised(const DecoderSettings& settings) const;
  void observe(GstClockTime pts);
  void readyAt(GstClockTime runningTime, const DecoderSettings& settings);

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  Stats& stats_;
  InterimOutput* const interim_;
  TextPusher text_;
  GstSegment segment_{};
  /// True: a window that did not follow the one before it was superseded, so that the next one says so.
  bool discont_ = false;
  /// The end of the last word, as a stream position.
  GstClockTime spokenUntil_ = 0;
  bool isLive_ = false;
  /// The running time at which the text that is pushed now was ready.
  GstClockTime readyAt_ = GST_CLOCK_TIME_NONE;
  /// The time from the newest window's last sample to its text.
  GstClockTime took_ = GST_CLOCK_TIME_NONE;
  /// The value of promised() for the text that is pushed now.
  GstClockTime promised_ = 0;
  ObservedDelay delay_;
  NoWords noWords_;
  std::atomic<GstClockTime> maxDelay_{0};
};

}  // namespace npuspeech::gst
