// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the audio stands in time.
#pragma once

#include <gst/gst.h>

#include <cstdint>

#include "speech/audio/log_mel.h"

namespace npuspeech::gst {

/// A run of audio that nothing interrupts; between two runs, where the last one ended. Of the streaming
/// thread.
class AudioRun {
 public:
  /// Timestamps may be off by this much before audio counts as missing. Streams from a network are corrected
  /// by tens of milliseconds while somebody speaks, and a word that is cut there costs more than times that
  /// are a little off.
  static constexpr GstClockTime kJitter = 200 * GST_MSECOND;
  /// Missing audio, or a GAP event, up to this long is silence inside the run, for a network loses packets in
  /// the middle of words.
  static constexpr GstClockTime kLongestSilence = GST_SECOND;

  bool isOn() const { return isOn_; }
  void start(GstClockTime at) {
    moveTo(at);
    isOn_ = true;
  }
  void stop() { isOn_ = false; }
  void add(size_t samples) { samples_ += samples; }
  /// What comes next stands there.
  void moveTo(GstClockTime at) {
    start_ = at;
    samples_ = 0;
  }
  /// The time of the next sample.
  GstClockTime end() const {
    return start_ + gst_util_uint64_scale(samples_, GST_SECOND, LogMel::kSampleRate);
  }

  /// What stands before a buffer's audio while the run is on: silence that belongs to it, or a break, behind
  /// which a new run starts.
  struct Before {
    GstClockTime silence = 0;
    bool isBreak = false;
    GstClockTime start = 0;
  };
  /// `at` may be none: the audio follows.
  Before before(GstClockTime at, bool isDiscont) const {
    const bool isMoved = GST_CLOCK_TIME_IS_VALID(at) && !isNear(at);
    if (!isMoved && !isDiscont) return {};
    if (GST_CLOCK_TIME_IS_VALID(at) && at > end() && at - end() <= kLongestSilence) return {at - end()};
    return {0, true, isMoved ? at : end()};
  }
  /// Whether a GAP event is silence inside the run.
  bool holds(GstClockTime gapStart, GstClockTime duration) const {
    return isOn_ && GST_CLOCK_TIME_IS_VALID(duration) && duration <= kLongestSilence && isNear(gapStart);
  }

 private:
  bool isNear(GstClockTime at) const { return at <= end() + kJitter && at + kJitter >= end(); }

  GstClockTime start_ = 0;
  uint64_t samples_ = 0;
  bool isOn_ = false;
};

}  // namespace npuspeech::gst
