// SPDX-License-Identifier: LGPL-2.1-or-later
// What npuwhisperdec's task pushes: the text of decoded windows, and the stream's events between them.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <optional>

#include "gst/decoder_settings.h"
#include "gst/interim_output.h"
#include "gst/no_words.h"
#include "gst/observed_delay.h"
#include "gst/stats.h"
#include "gst/text_pusher.h"
#include "speech/stream/clock_jump.h"

namespace npuspeech::gst {

/// Where a decoded window stands in the stream.
struct PlacedWindow {
  GstClockTime pts = 0, duration = 0;
  uint64_t utterance = 0;
  GstClockTime heardAt = GST_CLOCK_TIME_NONE;    // running time at which its audio was there,
  GstClockTime decodedAt = GST_CLOCK_TIME_NONE;  // and its text; none without a clock
  ClockJump jump;                                // of the times of its text
  Task task = Task::Transcribe;
  bool discont = false, isFinal = true, isLive = false;

  /// By the clock, as its text is.
  GstClockTime start() const { return timeOf(pts); }
  GstClockTime end() const { return timeOf(pts + duration); }

 private:
  GstClockTime timeOf(GstClockTime time) const {
    return static_cast<GstClockTime>(jump.timeOf(static_cast<int64_t>(time)));
  }
};

/// For the task, but where it says otherwise.
class DecoderOutput {
 public:
  /// sink: new-item events go upstream there. sink, interim: null for a translation.
  DecoderOutput(GstElement* element, GstPad* sink, GstPad* src, Stats& stats, InterimOutput* interim)
      : element_(element),
        sink_(sink),
        src_(src),
        stats_(stats),
        interim_(interim),
        text_(src, [this](GstClockTime pts) { observe(pts); }) {}

  /// Forgets the stream; while the task stands still.
  void reset();
  /// What is wrong with `decoded` goes to the bus.
  GstFlowReturn pushWindow(const Result<DecodedWindow>& decoded, const PlacedWindow& place,
                           const DecoderSettings& settings);
  /// In place of pushWindow(), for a window that nobody reads here.
  void passOver(const Result<DecodedWindow>& decoded);
  /// arrivedAt: running time; none without a clock.
  GstFlowReturn pushEvent(Held<GstEvent> event, GstClockTime arrivedAt, const DecoderSettings& settings);

  /// Live: the running time at which text that waits for more words has to leave, to be there when it was
  /// promised. Nothing where none waits.
  std::optional<GstClockTime> due(const DecoderSettings& settings) const;
  /// It leaves.
  GstFlowReturn release(GstClockTime now, const DecoderSettings& settings);

  /// Property max-observed-delay; any thread.
  GstClockTime maxObservedDelay() const { return maxDelay_; }

 private:
  void tellUpstream(const DecodedWindow& window, const PlacedWindow& place);
  TextPusher::Place textPlace(const DecodedWindow& window, const PlacedWindow& place,
                              const DecoderSettings& settings);
  /// How long after its audio text may come.
  GstClockTime promised(const DecoderSettings& settings) const;
  void observe(GstClockTime pts);
  void readyAt(GstClockTime runningTime, const DecoderSettings& settings);

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  Stats& stats_;
  InterimOutput* const interim_;
  TextPusher text_;
  GstSegment segment_{};
  bool discont_ = false;          // of windows that were superseded
  GstClockTime spokenUntil_ = 0;  // the end of the last word
  bool isLive_ = false;
  GstClockTime readyAt_ = GST_CLOCK_TIME_NONE;  // running time at which what is pushed now was there,
  GstClockTime took_ = GST_CLOCK_TIME_NONE;     // from when the newest window's audio was there
  GstClockTime promised_ = 0;                   // then
  ObservedDelay delay_;
  NoWords noWords_;
  std::atomic<GstClockTime> maxDelay_{0};
};

}  // namespace npuspeech::gst
