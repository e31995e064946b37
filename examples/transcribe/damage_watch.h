// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are damaged in the middle: demuxers end their streams there as at the file's end.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "pipeline.h"
#include "reach.h"

/// Compares how far the streams of a file come with the duration that its container says. Where the sound is
/// short, its end is held back until it is sure that no more comes. Lives in the main loop's thread.
class DamageWatch {
 public:
  /// Posts an application message with this name when attend() is to be called.
  static constexpr char kNews[] = "sound-ends";

  /// Before the pipeline runs. `endsAtDamage`: something else reads on behind damage, where the sound is to
  /// end though the demuxer finds more of it. Borrows the pipeline, which is stopped before this goes.
  DamageWatch(Pipeline& pipeline, std::string path, bool endsAtDamage);
  ~DamageWatch();
  DamageWatch(const DamageWatch&) = delete;
  DamageWatch& operator=(const DamageWatch&) = delete;

  /// A stream of any kind, on its demuxer's thread.
  void addStream(GstPad* demuxed);
  void attend();
  /// True where an error is taken for damage, behind which may be more.
  bool takesError();
  /// Whether there is damage, once the sound has ended.
  bool hasFoundDamage();
  /// How much sound should have come behind what came.
  int64_t missingNs();

 private:
  struct Stream {
    DamageWatch* owner;
    GstPad* pad;    // owned
    bool isSparse;  // subtitles
    Reach reach;
    bool hasEnded = false;
  };

  static GstPadProbeReturn onStream(GstPad* pad, GstPadProbeInfo* info, gpointer stream);
  static GstPadProbeReturn onSound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  GstPadProbeReturn onEnd();
  GstPadProbeReturn onBuffer(GstBuffer* buffer);
  void holdEnd();
  bool askDuration();
  bool isShort(int64_t reachedNs) const;
  int64_t reachedNs() const;
  bool isLost() const;
  bool isBroken();
  bool isSettled();
  void endSound();

  Pipeline& pipeline_;
  const std::string path_;
  const bool endsAtDamage_;
  guint check_ = 0;
  int checks_ = 0;
  int64_t progressNs_ = 0;
  GstSegment segment_;     // of the sound's thread
  bool hasBegun_ = false;  // of the sound's thread

  std::mutex mutex_;  // guards what follows
  std::list<Stream> streams_;
  Reach sound_;
  std::string soundId_;  // of the stream that is heard
  int64_t durationNs_ = 0;
  std::optional<bool> isBroken_;
  bool isHeld_ = false, isOver_ = false, isTorn_ = false, isDamaged_ = false;
};
