// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are damaged in the middle: demuxers end their streams there as at the file's end.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <list>
#include <mutex>
#include <string>

#include "patches.h"
#include "pipeline.h"

/// How far a stream came, by its timestamps. Single frames far from those around them have timestamps that
/// are damaged, and do not count.
class Reach {
 public:
  /// An unknown end counts as if the frame before were as long.
  void add(int64_t startNs, int64_t endNs);
  int64_t endNs() const { return endNs_; }
  /// How much is missing in between.
  int64_t gapsNs() const { return gapsNs_; }

 private:
  int64_t lastNs_ = 0, endNs_ = 0, gapsNs_ = 0;
};

/// Compares how far the streams of a file come with the duration that its container says, and seeks over
/// what cannot be read. The sound's end is held back meanwhile. Lives in the main loop's thread.
class Recovery {
 public:
  /// Posts an application message with this name when attend() is to be called.
  static constexpr char kNews[] = "sound-ends";

  /// For the file at `path`. `mayRead`: whether to read on behind damage, or only to say it. Borrows the
  /// pipeline, which has to be stopped before this goes.
  Recovery(Pipeline& pipeline, std::string path, bool mayRead);
  ~Recovery();
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  /// A stream of any kind, on its demuxer's thread.
  void addStream(GstPad* demuxed);
  void attend();
  /// True where an error is taken for damage, behind which may be more.
  bool takesError();
  /// A line about what was lost, empty where all was read.
  std::string loss();
  /// Whether there is sound from behind the damage.
  bool hasReadOn();

 private:
  struct Stream {
    Recovery* owner;
    GstPad* pad;    // owned
    bool isSparse;  // subtitles
    Reach reach;
    bool hasEnded = false;
  };

  static void onReader(GstElement* source, GstElement* reader, gpointer self);
  static GstPadProbeReturn onStream(GstPad* pad, GstPadProbeInfo* info, gpointer stream);
  static GstPadProbeReturn onSound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  GstPadProbeReturn onSegment(GstPadProbeInfo* info);
  GstPadProbeReturn onBuffer(GstBuffer* buffer);
  bool askDuration();
  bool isShort(int64_t reachedNs) const;
  int64_t reachedNs() const;
  bool isLost() const;
  bool isSettled();
  bool seekOn();

  Pipeline& pipeline_;
  const std::string path_;
  const bool mayRead_;
  PatchedReads reads_;
  guint check_ = 0;
  int checks_ = 0, tries_ = 0;
  int64_t progressNs_ = 0;
  int64_t fromNs_ = -1, stepNs_ = 0;  // where reading has stopped, and how far behind it is tried next
  GstSegment first_, segment_;        // of the sound's thread: that of the file's beginning and the latest
  bool hasBegun_ = false, resumes_ = false;  // of the sound's thread

  std::mutex mutex_;  // guards what follows
  std::list<Stream> streams_;
  Reach sound_;
  std::string soundId_;  // of the stream that is heard
  int64_t durationNs_ = 0;
  bool isHeld_ = false, isOver_ = false, hasSought_ = false, isDamaged_ = false, hasReadOn_ = false;
};
