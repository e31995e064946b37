// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel's sink pad: hands the audio and its segments to SpeechInput, and what that makes of it to MelOutput.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <optional>

#include "gst/events.h"
#include "gst/mel_output.h"
#include "gst/mel_settings.h"
#include "gst/stall_watch.h"
#include "speech/session/speech_input.h"

namespace npuspeech::gst {

/// For the streaming thread, but where it says otherwise. What is wrong is on the bus.
class MelInput : private SpeechInput::Receiver {
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
  void drain();
  /// The stream ends.
  void end();
  /// Forgets the audio, and where it stood.
  void flush();

  /// Any thread: what was settled of live windows; and that nobody is to wait for memory.
  void receive(const Settled& settled);
  void setFlushing(bool flushing) { output_.setFlushing(flushing); }

  /// States, from the thread that changes them: before the pads are activated, and after they are not.
  void start(std::shared_ptr<const SileroWeights> vad);
  void stop();
  void setPlaying(bool playing) { watch_.setPlaying(playing); }

 private:
  Windower::Options windowOptions() override;
  int64_t nowNs() override;
  std::optional<int64_t> positionOf(int64_t streamTimeNs) override;
  void beginRun() override { output_.markDiscont(); }
  bool takeWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump) override;
  bool takeGap(int64_t startNs, std::optional<int64_t> durationNs) override;

  bool agree();
  GstFlowReturn flow() const { return input_.goesOn() ? GST_FLOW_OK : flow_; }
  bool continues(const GstSegment& next) const;
  void expectMore();
  void endStalled();
  void warnOfClicks();

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  const std::function<MelSettings()> settings_;
  MelOutput output_;
  SpeechInput input_;
  GstFlowReturn flow_ = GST_FLOW_OK;  // of what was pushed last
  bool hasWarned_ = false;
  GstSegment segment_{};
  StallWatch watch_;
};

}  // namespace npuspeech::gst
