// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel's sink pad: knows where the audio stands in time, and has it cut into windows.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gst/audio_run.h"
#include "gst/clock_jump.h"
#include "gst/live_feedback.h"
#include "gst/mel_output.h"
#include "gst/mel_settings.h"
#include "gst/stall_watch.h"
#include "speech/audio/log_mel.h"

namespace npuspeech::gst {

/// For the streaming thread, but where it says otherwise. What is wrong is on the bus.
class MelInput {
 public:
  /// The pads are the element's and outlive this. settings: a copy of them as they are now.
  MelInput(GstElement* element, GstPad* sink, GstPad* src, Stats& stats,
           std::function<MelSettings()> settings);

  /// Mono audio at 16 kHz.
  GstFlowReturn take(Held<GstBuffer> buffer);
  /// Audio that upstream knows to be silent or lost. False where downstream refused what followed from it.
  bool takeGap(GstEvent* event);
  /// False: refused. The event still counts as taken, for a refused one would come again with each buffer;
  /// the buffer's flow ends the stream.
  bool setSegment(GstEvent* event);
  /// Agrees with downstream where it asks for that, or has never been asked.
  bool negotiate();
  void startStream();
  /// Ends the run of audio: what is pending comes out, and the next audio starts a new run.
  GstFlowReturn drain();
  /// The stream ends.
  void end();
  /// Forgets the audio, and where it stood.
  void flush();

  /// Any thread: what was settled of live windows; and that nobody is to wait for memory.
  void receive(const Settled& settled) { feedback_.receive(settled); }
  void setFlushing(bool flushing) { output_.setFlushing(flushing); }

  /// States, from the thread that changes them: before the pads are activated, and after they are not.
  void start(std::shared_ptr<const SileroWeights> vad);
  void stop();
  void setPlaying(bool playing) { watch_.setPlaying(playing); }

 private:
  bool agree();
  GstFlowReturn place(const AudioRun::Next& next);
  void startRun(GstClockTime at);
  GstFlowReturn settle();
  GstFlowReturn pushKept();
  GstFlowReturn pushAudio(std::span<const float> samples);
  GstFlowReturn pushHeard(std::span<const float> samples);
  GstFlowReturn pushSilence(GstClockTime duration);
  GstFlowReturn pushReady();
  ClockJump jumpBy(GstClockTime lasting) const;
  GstFlowReturn mend();
  size_t spare(size_t samples);
  bool continues(const GstSegment& next) const;
  void expectMore();
  void endStalled();
  void warnOfClicks();

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  const std::function<MelSettings()> settings_;
  MelOutput output_;
  LiveFeedback feedback_;
  std::shared_ptr<const SileroWeights> vad_;
  std::unique_ptr<Windower> windower_;
  uint64_t firstUtterance_ = 0;  // of the next windower: no number comes twice
  bool isLive_ = false, hasWarned_ = false;
  bool hasStalled_ = false;  // since audio came
  GstSegment segment_{};
  AudioRun run_;                                 // that the windower stands in
  ClockJump jump_;                               // of its time that it does not follow yet,
  GstClockTime keptFrom_ = GST_CLOCK_TIME_NONE;  // and where the next one would be
  std::vector<float> kept_;                      // sound of which the run does not know yet where it belongs
  const std::vector<float> silence_ = std::vector<float>(LogMel::kSampleRate);
  StallWatch watch_;
};

}  // namespace npuspeech::gst
