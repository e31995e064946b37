// SPDX-License-Identifier: LGPL-2.1-or-later
// Times as players show them: from the first frame of sound or picture, over all parts of a stream.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <mutex>
#include <optional>

/// Where the end of something lies in its segment; an unknown duration counts as 0.
GstClockTime endOf(GstClockTime start, GstClockTime duration);

/// Maps positions in segments to times. Running time is what goes on over parts, edit lists and clocks that
/// begin anywhere; its zero is that of the container, which need not be that of the first frame.
class Timeline {
 public:
  Timeline() = default;
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// Watches what a demuxer gives on a pad of its own. For the demuxer's thread; pads go before this does.
  void watch(GstPad* demuxed);

  /// Lets sound whose times go back far behind what came before, as where files are joined, go on from there.
  /// For each buffer and segment of decoded sound, in its thread; `segment` is the one that holds.
  void carryOn(const GstSegment& segment, GstPadProbeInfo* info);

  /// From now on the zero stays: times are being told.
  void fix();
  /// From now on times are the positions themselves. While no demuxer runs.
  void takePositions();

  /// Nanoseconds from the first frame, never negative; 0 for a position that is none.
  int64_t timeOf(const GstSegment& segment, GstClockTime position);

 private:
  GstSegment ofPositions();
  static GstPadProbeReturn onStream(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  int64_t shiftNs_ = 0, heldNs_ = 0;  // of the sound's thread: running time to add, and the end of what came
  bool arePositions_ = false;
  std::mutex mutex_;  // guards what follows
  std::optional<int64_t>
      firstNs_;  // running time of the earliest first frame so far; none without a container
  bool fixed_ = false;
};
