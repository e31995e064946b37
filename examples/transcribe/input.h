// SPDX-License-Identifier: LGPL-2.1-or-later
// One input on its way through uridecodebin and nputranscriber.
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "damage_watch.h"
#include "drain.h"
#include "flac_check.h"
#include "idle_check.h"
#include "interim_text.h"
#include "local_file.h"
#include "options.h"
#include "patches.h"
#include "pipeline.h"
#include "reach.h"
#include "rescue.h"
#include "stream_watch.h"
#include "timeline.h"
#include "tracks.h"
#include "transcript.h"

using Clock = std::chrono::steady_clock;

/// A pipeline of its own for one file or URI. Lives in the main loop's thread.
class Input {
 public:
  /// `changed` is called from the main loop when the transcript has grown, the input has ended or loading has
  /// begun.
  Input(const std::string& name, const Options& options, std::function<void()> changed);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void start();
  /// Frees the pipeline and keeps the transcript.
  void stop();
  /// Takes no more audio; the input ends once the text of what was heard has come.
  void finish();

  bool isStarted() const { return startTime_ != Clock::time_point(); }
  bool hasEnded() const { return endTime_ != Clock::time_point(); }
  /// Why it ended early, in a line without its name; empty where it did not.
  const std::string& error() const { return error_; }
  /// What is worth a line and is no error, without the input's name: each once, then empty.
  std::string takeNote();
  /// The error is one that every other input would meet too: the model or the device is not to be had.
  bool isHopeless() const { return hopeless_; }
  /// All that could be heard was heard, though perhaps less than there should be: then there is a transcript
  /// and an error.
  bool isComplete() const { return complete_; }
  /// Final once hasEnded(); segments come while it runs.
  const Transcript& transcript() const { return transcript_; }

  bool isLoading() const { return loading_ > 0; }
  Clock::duration loadTime() const { return loadTime_; }
  Clock::time_point startTime() const { return startTime_; }
  Clock::time_point endTime() const { return endTime_; }

  /// How far the text has come, and how long the input is where its container says so, else 0.
  int64_t positionNs();
  /// What is said live, and not in the transcript yet.
  LiveWords pendingWords();
  int64_t durationNs() const;

 private:
  static constexpr char kTextNews[] = "text", kEndNews[] = "end";  // messages of streaming threads

  bool locate(std::string& error);
  bool build();
  void play();
  void end(std::string error);
  void onSoundEnd();
  bool canBeRescued() const;
  bool beginRescue(const std::string& error);
  void endWhenHeard(std::string error);
  void takeArrivals();
  void onError(GstMessage* message);
  std::string reasonOf(GstMessage* message);
  std::string shortfall();
  std::string loss();
  std::string lossOfFlac();
  std::string adviceOnReaders() const;
  void noteDamage();
  std::string withCut(const std::string& error) const;
  void onProgress(GstMessage* message);
  void onElementNews(const GstStructure* news);
  void giveUpIdle();
  bool hasSound();
  bool isStalled();
  static gboolean onMessage(GstBus* bus, GstMessage* message, gpointer self);
  static GstPadProbeReturn onText(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn onInterim(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn onAudio(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  const std::string name_;
  StreamInput stream_;
  const Options& options_;
  const std::function<void()> changed_;
  Transcript transcript_;
  std::string uri_, path_;  // the path is that of a local file, empty for anything else
  std::string error_, note_;
  bool complete_ = false, hopeless_ = false, finishing_ = false;
  std::unique_ptr<Timeline> timeline_;  // these are there while it runs; the pipeline goes first
  std::unique_ptr<Tracks> tracks_;
  std::unique_ptr<StreamWatch> streams_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<PatchedReads> reads_;  // these three of a local file
  std::unique_ptr<DamageWatch> damage_;
  FlacCheck flac_;
  std::unique_ptr<IdleCheck> idle_;
  std::unique_ptr<Rescue> rescue_;  // the second reading of a local file, and what it found
  std::string firstError_, firstNote_;
  int64_t resumeNs_ = 0;  // how much was heard until then
  int64_t containerNs_ = 0, expectedNs_ = 0;
  bool isDamaged_ = false;
  Drain drain_;
  guint watch_ = 0, stallCheck_ = 0;
  int loading_ = 0;
  Clock::time_point startTime_, endTime_, loadStart_;
  Clock::duration loadTime_{};
  GstSegment audioSegment_, textSegment_;  // each used by its pad's streaming thread

  std::mutex mutex_;  // guards what the streaming threads hand over
  std::vector<Segment> arrivals_;
  InterimText interim_;
  Reach heard_;
  std::string language_;
  int64_t audioNs_ = 0, soundNs_ = 0, textNs_ = 0, checkedNs_ = 0;
};
