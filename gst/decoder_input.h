// SPDX-License-Identifier: LGPL-2.1-or-later
// What npuwhisperdec's sink pad takes: windows of encoder states, decoded for every text pad that wants them.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "gst/decoder_settings.h"
#include "gst/engine_loader.h"
#include "gst/interim_output.h"
#include "gst/npu_allocator.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/text_branch.h"
#include "gst/translations.h"
#include "gst/upstream_sender.h"

namespace npuspeech::gst {

/// The element's engine, its streams and its text pads. For the sink pad's thread, but where it says
/// otherwise.
class DecoderInput {
 public:
  /// The pads are the element's and outlive this. settings: a copy of them as they are now; any thread.
  DecoderInput(GstElement* element, GstPad* sink, GstPad* src, std::function<DecoderSettings()> settings);

  /// CAPS came: opens streams once the model is loaded. False where the caps are to be refused; what is wrong
  /// otherwise is on the bus, and the next buffer is refused.
  bool begin(const GstCaps* states);
  /// Queues a window; its text comes out of the pads. What is wrong is on the bus.
  GstFlowReturn decode(GstBuffer* buffer);
  /// A serialized event, which text pads push behind the text before it.
  bool pushEvent(GstEvent* event);
  void startFlush(GstEvent* event);
  void stopFlush(GstEvent* event);
  /// Until what is queued is through, or never will be.
  void waitIdle();

  /// Whether what can be told before the model is loaded is right; what is not is on the bus. Any thread.
  bool check();
  /// States, from the thread that changes them: before the pads are activated, after they are not, and when
  /// the engine is not needed any more.
  void start();
  void stop();
  /// The element is told to pause: sinks downstream, which were told first, get what they stand still with.
  void pause();
  void unload() { loader_.stop(); }

  /// Request pads; any thread. Null where the name is taken.
  GstPad* addTranslation(GstPadTemplate* pattern, const gchar* name);
  void removeTranslation(GstPad* pad) { translations_.remove(pad); }

  InterimOutput& interim() { return interim_; }
  /// Any thread.
  GstClockTime maxObservedDelay() const { return text_->output().maxObservedDelay(); }
  const Stats& stats() const { return stats_; }

 private:
  std::shared_ptr<DecodeStream> stream();
  void setStream(std::shared_ptr<DecodeStream> stream);
  void cancel();
  TextBranches branches() const;
  GstFlowReturn submit(EncodedWindow window, PlacedWindow place, DecodeStream& stream);
  /// At once, on the engine's thread: the task may be waiting for a sink. segment: the SEGMENT event of the
  /// window; stale: a flush came in between.
  void tellLive(const DecodedWindow& window, const PlacedWindow& place, GstEvent* segment, bool isTranslated,
                const std::stop_token& stale);

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  const std::function<DecoderSettings()> settings_;
  std::atomic<bool> isLive_{false};
  EngineLoader loader_;
  Stats stats_;

  std::optional<TensorFormat> format_;  // these six of the sink pad's thread
  bool isRefused_ = false;              // what is wrong with the last CAPS is on the bus
  bool isNewStream_ = true;             // no CAPS have followed the last STREAM_START
  TensorReader reader_;
  std::shared_ptr<GstEvent> segment_;  // the last SEGMENT
  StreamOptions options_;

  UpstreamSender sender_;
  InterimOutput interim_;
  Translations translations_;
  const std::shared_ptr<TextBranch> text_;  // src's
  std::mutex mutex_;
  std::shared_ptr<DecodeStream> stream_;  // under it; last: its callbacks end before the stages
};

}  // namespace npuspeech::gst
