// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the audio stands in time, whatever its timestamps say.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "gst/deviation.h"

namespace npuspeech::gst {

/// A run of audio that nothing interrupts; between two runs, where the last one ended. Sound that is whole
/// stays whole: a run counts its samples, and timestamps that deviate are believed once they do so for
/// kLasting. Sound that is missing is told apart by DISCONT, by GAP events, or by time that jumps and never
/// comes back. Live, a long such jump may as well be a source that froze, with no sound missing: the run goes
/// on, and lasting() tells. Of the streaming thread.
class AudioRun {
 public:
  /// How long timestamps must deviate, by their own clock, before they are believed. GStreamer's sinks wait
  /// as long.
  static constexpr GstClockTimeDiff kLasting = Deviation::kSpan;
  /// Live, a jump that may only be jitter is not waited for up to this.
  static constexpr GstClockTimeDiff kJitter = 200 * GST_MSECOND;
  /// Missing audio, or a GAP event, up to this long is silence inside the run, for a network loses packets in
  /// the middle of words.
  static constexpr GstClockTimeDiff kLongestSilence = GST_SECOND;
  /// Where nobody waits for the clock, time that jumps so far is no jitter.
  static constexpr GstClockTimeDiff kFarthest = 10 * GST_SECOND;
  /// A smaller deviation is not worth a correction.
  static constexpr GstClockTimeDiff kTolerated = 40 * GST_MSECOND;

  /// A time that can be computed with: centuries, but no overflow.
  static bool isTime(GstClockTime time) { return time < static_cast<GstClockTime>(G_MAXINT64 / 2); }

  bool isOn() const { return isOn_; }
  void start(GstClockTime at, bool isLive);
  void stop() { isOn_ = false; }
  /// The next samples of the run came, or silence in their place.
  void add(size_t samples) { samples_ += samples; }
  /// What comes next stands there; not within a run.
  void moveTo(GstClockTime at);
  /// The time of the next sample.
  GstClockTime end() const;

  struct Sound {
    GstClockTime at = GST_CLOCK_TIME_NONE;  // none: it follows what came before
    size_t samples = 0;
    bool isDiscont = false;
  };
  /// What stands before sound, while the run is on.
  struct Next {
    bool isKept = false;       // nobody knows yet: the caller keeps the sound back,
    bool isKnown = false;      // until all that was kept back comes now, before this one is asked about again
    bool isBreak = false;      // the run ends, and another one starts
    GstClockTime start = 0;    // there
    GstClockTime silence = 0;  // belongs to the run
  };
  /// What was kept back, in order.
  struct Kept {
    size_t samples = 0;
    GstClockTimeDiff jump = 0;     // beyond what is usual
    GstClockTimeDiff silence = 0;  // once it is known: before it, in the run
  };
  Next next(const Sound& sound);
  /// Nothing more comes that could tell: what was kept back comes now.
  Next settle();
  bool isKeeping() const { return isKeeping_; }
  /// Where Next is known: until the next call of next().
  const std::vector<Kept>& kept() const { return kept_; }

  /// How much of a GAP event is silence in the run, where nothing is kept back. Nothing: it ends the run.
  std::optional<GstClockTime> silenceOf(GstClockTime start, GstClockTime duration) const;

  /// By how much the timestamps have been before the run for kLasting; negative: behind it.
  GstClockTimeDiff lasting() const;
  /// So much of that is mended: by silence that was added, or else by setting the run's clock.
  void mended(GstClockTimeDiff by) { deviation_.shift(-by); }
  void shift(GstClockTimeDiff by) {
    start_ += static_cast<GstClockTime>(by);
    mended(by);
  }

 private:
  Next accept(const Sound& sound, GstClockTimeDiff deviation, GstClockTimeDiff silence = 0);
  Next keep(GstClockTime at, size_t samples, GstClockTimeDiff jump);
  Next keepFirst(const Sound& sound, GstClockTimeDiff usual, GstClockTimeDiff jump);
  Next nextKept(const Sound& sound);
  Next release(bool hasReturned);
  void fillKept();
  static Next breakAt(GstClockTime start) { return {.isBreak = true, .start = start}; }
  GstClockTimeDiff deviationOf(GstClockTime at) const;

  bool isOn_ = false, isLive_ = false;
  GstClockTime start_ = 0;
  uint64_t samples_ = 0;
  GstClockTime lastAt_ = GST_CLOCK_TIME_NONE;  // the last timestamp,
  size_t lastSamples_ = 0;                     // and the sound that had it
  Deviation deviation_;

  bool isKeeping_ = false;
  std::vector<Kept> kept_;
  uint64_t keptSamples_ = 0;
  GstClockTime keptAt_ = 0;         // where the first of it says that it stands
  GstClockTimeDiff usual_ = 0;      // the deviation that would be nothing new,
  GstClockTimeDiff leastJump_ = 0;  // how far beyond that all of it is,
  GstClockTimeDiff mostJump_ = 0;   // and some,
  GstClockTimeDiff drop_ = 0;       // and how far it came back
};

}  // namespace npuspeech::gst
