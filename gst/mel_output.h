// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel's source pad: agrees on caps and memory with downstream, and pushes windows and gaps.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <span>

#include "gst/holders.h"
#include "gst/no_words.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "npu/device.h"
#include "speech/audio/windower.h"
#include "speech/stream/clock_jump.h"

namespace npuspeech::gst {

/// For the streaming thread, but setFlushing() for any.
class MelOutput {
 public:
  MelOutput(GstElement* element, GstPad* src, Stats& stats) : element_(element), src_(src), stats_(stats) {}

  /// What downstream takes; nothing where that is no log-mel.
  std::optional<TensorFormat> query() const;
  /// Sends `format` as caps where they are new, and takes downstream's pool, or one of our own.
  bool configure(const TensorFormat& format);
  /// Whether configure() has succeeded since the last reset() or startStream().
  bool isConfigured() const { return pool_ && !isNewStream_; }
  const TensorFormat& format() const { return format_; }
  void reset();
  /// A STREAM_START was pushed: caps have to follow it, even the same ones.
  void startStream() { isNewStream_ = true; }

  /// The next window does not follow the last one.
  void markDiscont() { discont_ = true; }
  /// Pushes the window that `windower` has just given.
  GstFlowReturn pushWindow(Windower& windower, const AudioWindow& window, const ClockJump& jump);
  GstFlowReturn pushGap(GstClockTime start, GstClockTime duration);

  /// Counts sound as it came in; live, downstream hears of it from time to time.
  void heard(std::span<const float> audio, bool isLive);
  /// The stream ends: downstream hears of the sound since it last did.
  void tellSound(bool isLast = true);
  /// Forgets what was heard.
  void forgetSound() { sound_ = {}; }

  /// While true, nobody waits for a buffer of the pool.
  void setFlushing(bool flushing);

 private:
  void replacePool(Held<GstBufferPool> pool);

  GstElement* const element_;
  GstPad* const src_;
  Stats& stats_;
  const std::shared_ptr<npu::Device> device_ = npu::openCpuDevice();
  TensorFormat format_;
  Held<GstBufferPool> pool_;  // replaced under the object lock, because a flush reads it
  bool isNewStream_ = true;
  bool discont_ = true;
  SoundTally sound_;  // that downstream has not heard of
};

}  // namespace npuspeech::gst
