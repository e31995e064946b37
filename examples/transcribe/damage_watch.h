// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that are damaged in the middle: demuxers end their streams there as at the file's end.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "pipeline.h"
#include "reach.h"

/// Compares how far the sound of a file comes with the duration that its track promises; where the container
/// says only how long all of it is, how far all streams come, and whether something can be missing. Where the
/// sound is short, its end is held back until it is sure that no more comes. Lives in the main loop's thread.
class DamageWatch {
 public:
  /// Posts an application message with this name when attend() is to be called.
  static constexpr char kNews[] = "sound-ends";

  /// Before the pipeline runs. `onEnd` is called from the main loop where no more sound comes and its end was
  /// held back; it may end this. `isFirstReader`: there is another one, which reads what is behind damage,
  /// and what this one makes nothing of. Borrows the pipeline, whose source is stopped before this goes.
  DamageWatch(Pipeline& pipeline, std::string path, bool isFirstReader, std::function<void()> onEnd);
  ~DamageWatch();
  DamageWatch(const DamageWatch&) = delete;
  DamageWatch& operator=(const DamageWatch&) = delete;

  /// The duration of what has no container. Before the pipeline runs.
  void expect(int64_t durationNs) { durationNs_ = durationNs; }
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
    uint64_t bytes = 0;  // that came
  };

  static GstPadProbeReturn onStream(GstPad* pad, GstPadProbeInfo* info, gpointer stream);
  static GstPadProbeReturn onSound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  GstPadProbeReturn onSoundEnd();
  GstPadProbeReturn onBuffer(GstBuffer* buffer);
  void holdEnd();
  bool askDuration();
  bool isShort(int64_t reachedNs) const;
  int64_t reachedNs() const;
  int64_t furthestNs() const;
  bool isSound(const Stream& stream) const;
  bool isAllThere() const;
  bool isLost() const;
  bool isBroken();
  bool isSettled();
  void decide();

  Pipeline& pipeline_;
  const std::string path_;
  const bool isFirstReader_;
  const std::function<void()> onEnd_;
  gulong probe_;
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
  bool isOfTrack_ = false;  // the duration is that of the stream that is heard
  std::optional<bool> isBroken_;
  bool isHeld_ = false, isOver_ = false, hasFailed_ = false, isTorn_ = false, isDamaged_ = false;
};
