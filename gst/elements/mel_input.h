// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel's sink pad: gives audio and segments to SpeechInput, and the windows and gaps from there to
// MelOutput.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <optional>

#include "gst/core/events.h"
#include "gst/elements/mel_output.h"
#include "gst/elements/mel_settings.h"
#include "gst/elements/stall_watch.h"
#include "speech/session/speech_input.h"

namespace npuspeech::gst {

/// Calls are for the streaming thread, unless they name another. Errors are posted on the bus.
class MelInput : private SpeechInput::Receiver {
 public:
  /// The pads belong to the element and outlive this object. `settings` returns a copy of the current
  /// settings.
  MelInput(GstElement* element, GstPad* sink, GstPad* src, Stats& stats,
           std::function<MelSettings()> settings);

  /// Takes a buffer of mono float32 audio at 16 kHz.
  GstFlowReturn take(Held<GstBuffer> buffer);
  /// Takes a GAP event: audio that upstream knows to be silent or lost. False where downstream refused what
  /// was pushed for it.
  bool takeGap(GstEvent* event);
  /// Takes a SEGMENT event. False where its format or rate is not supported; the error is posted. The caller
  /// must accept the event all the same, because a refused event comes again with each buffer. The next
  /// buffer's flow ends the stream.
  bool setSegment(GstEvent* event);
  /// Agrees on caps and memory with downstream, where downstream asks for that or no agreement exists. False
  /// where there is none.
  bool negotiate();
  /// Takes STREAM_START: drains, and sends caps anew.
  void startStream();
  /// Ends the run of audio: pushes what is pending. The next audio starts a new run.
  void drain();
  /// Takes EOS: drains, and tells downstream of the sound since it last heard of it.
  void end();
  /// Forgets the audio and its position.
  void flush();

  /// Takes what the decoder says of a live utterance: how far its text is committed. Any thread.
  void receive(const Settled& settled);
  /// While `flushing` is true, no thread waits for a buffer of the pool. Any thread.
  void setFlushing(bool flushing) { output_.setFlushing(flushing); }

  /// Prepares a run. For the thread that changes states, before the pads are activated. Without `vad`, all
  /// audio counts as speech.
  void start(std::shared_ptr<const SileroWeights> vad);
  /// Ends a run. For the thread that changes states, once the pads are deactivated.
  void stop();
  /// Tells whether the element plays. For the thread that changes states.
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
  /// The flow of the last push.
  GstFlowReturn flow_ = GST_FLOW_OK;
  /// True once broken samples were reported.
  bool hasWarned_ = false;
  GstSegment segment_{};
  StallWatch watch_;
};

}  // namespace npuspeech::gst
