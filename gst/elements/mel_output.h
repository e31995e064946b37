// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel's source pad: agrees on caps and memory with downstream, and pushes windows and gaps.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <span>

#include "gst/core/holders.h"
#include "gst/core/stats.h"
#include "gst/memory/tensor_caps.h"
#include "gst/text/no_words.h"
#include "npu/device.h"
#include "speech/audio/windower.h"
#include "speech/stream/clock_jump.h"

namespace npuspeech::gst {

/// Calls are for the streaming thread; setFlushing() is for any.
class MelOutput {
 public:
  MelOutput(GstElement* element, GstPad* src, Stats& stats) : element_(element), src_(src), stats_(stats) {}

  /// Asks downstream which format it takes. Empty where that is no tensor of ours.
  std::optional<TensorFormat> query() const;
  /// Sends caps for `format` where they are new, and takes downstream's pool or creates one. False where
  /// downstream refuses the caps or there is no memory.
  bool configure(const TensorFormat& format);
  /// Whether configure() has succeeded since the last reset() or startStream().
  bool isConfigured() const { return pool_ && !isNewStream_; }
  const TensorFormat& format() const { return format_; }
  /// Frees the pool, and forgets format and stream.
  void reset();
  /// Notes that STREAM_START was pushed: caps have to follow it, even if they have not changed.
  void startStream() { isNewStream_ = true; }

  /// Flags the next window DISCONT, because it does not follow the last one.
  void markDiscont() { discont_ = true; }
  /// Pushes the window that `windower` has just returned. `jump` is the clock jump that its text has to
  /// follow.
  GstFlowReturn pushWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump);
  /// Pushes a GAP event; `duration` may be GST_CLOCK_TIME_NONE.
  GstFlowReturn pushGap(GstClockTime start, GstClockTime duration);

  /// Adds audio to the tally of sound. In a live stream, also sends the tally downstream after every
  /// kSoundNewsEvery of sound.
  void heard(std::span<const float> audio, bool isLive);
  /// Sends the tally of the sound since the last such event downstream. `isLast`: the stream ends.
  void tellSound(bool isLast = true);
  /// Forgets the tally of sound.
  void forgetSound() { sound_ = {}; }

  /// While `flushing` is true, no thread waits for a buffer of the pool. Any thread.
  void setFlushing(bool flushing);

 private:
  void replacePool(Held<GstBufferPool> pool);

  GstElement* const element_;
  GstPad* const src_;
  Stats& stats_;
  const std::shared_ptr<npu::Device> device_ = npu::openCpuDevice();
  TensorFormat format_;
  /// It is replaced under the element's object lock, because setFlushing() reads it on other threads.
  Held<GstBufferPool> pool_;
  /// True until caps have followed the last STREAM_START.
  bool isNewStream_ = true;
  /// True: the next window is flagged DISCONT.
  bool discont_ = true;
  /// The sound since the last event that told downstream of it.
  SoundTally sound_;
};

}  // namespace npuspeech::gst
