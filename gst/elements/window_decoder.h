// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec's sink pad: takes windows of encoder states, and has them decoded for every text pad.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "gst/core/stats.h"
#include "gst/elements/engine_loader.h"
#include "gst/elements/upstream_sender.h"
#include "gst/memory/npu_allocator.h"
#include "gst/memory/tensor_caps.h"
#include "gst/text/decoder_settings.h"
#include "gst/text/interim_output.h"
#include "gst/text/text_branch.h"
#include "gst/text/translations.h"

namespace npuspeech::gst {

/// Owns the element's engine, its decode streams and its text pads. Calls are for the sink pad's thread,
/// unless they name another.
class WindowDecoder {
 public:
  /// The pads belong to the element and outlive this object. `settings` returns a copy of the current
  /// settings, on any thread.
  WindowDecoder(GstElement* element, GstPad* sink, GstPad* src, std::function<DecoderSettings()> settings);

  /// Takes a CAPS event: waits for the model and opens the decode streams. False refuses the caps. Any other
  /// failure is posted on the bus, and the next buffer is refused.
  bool begin(const GstCaps* states);
  /// Queues a window, whose text comes out of the text pads. Errors are posted on the bus.
  GstFlowReturn decode(GstBuffer* buffer);
  /// Queues a serialized event, which each text pad pushes after the text of the windows before it.
  bool pushEvent(GstEvent* event);
  /// Takes FLUSH_START: cancels decoding, drops what is queued, and passes the event on.
  void startFlush(GstEvent* event);
  /// Takes FLUSH_STOP: passes it on, and takes windows again.
  void stopFlush(GstEvent* event);
  /// Waits until everything that was queued has been pushed, or cannot be pushed any more.
  void waitIdle();

  /// Checks the settings as far as that is possible before the model is loaded. Errors are posted on the bus.
  /// Any thread.
  bool check();
  /// Prepares a run. For the thread that changes states, before the pads are activated.
  void start();
  /// Closes the decode streams. For the thread that changes states, once the pads are deactivated.
  void stop();
  /// Gives the sinks downstream, which pause before this element does, a GAP to preroll with. For the thread
  /// that changes states.
  void pause();
  /// Lets go of the engine. For the thread that changes states.
  void unload() { loader_.stop(); }

  /// Adds a translation pad to the element. Null where the name is taken. Any thread.
  GstPad* addTranslation(GstPadTemplate* pattern, const gchar* name);
  /// Removes a translation pad and returns at once. Any thread.
  void removeTranslation(GstPad* pad) { translations_.remove(pad); }

  InterimOutput& interim() { return interim_; }
  /// The value of property max-observed-delay, in ns. Any thread.
  GstClockTime maxObservedDelay() const { return text_->output().maxObservedDelay(); }
  const Stats& stats() const { return stats_; }

 private:
  std::shared_ptr<DecodeStream> stream();
  void setStream(std::shared_ptr<DecodeStream> stream);
  void cancel();
  TextBranches branches() const;
  GstFlowReturn submit(EncodedWindow window, PlacedWindow place, DecodeStream& stream);
  /// Tells a live window's result to npumel and shows it as interim text. It runs on the engine's thread,
  /// because the task of a text pad may be waiting for a sink. `segment` is the SEGMENT event of the window.
  /// `stale` stops with a flush that came after the window was queued.
  void tellLive(const DecodedWindow& window, const PlacedWindow& place, GstEvent* segment, bool isTranslated,
                const std::stop_token& stale);

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  const std::function<DecoderSettings()> settings_;
  std::atomic<bool> isLive_{false};
  EngineLoader loader_;
  Stats stats_;

  // For the sink pad's thread.
  /// The format of the last CAPS; empty until they were accepted.
  std::optional<TensorFormat> format_;
  /// True after CAPS that cannot be decoded. The error has been posted.
  bool isRefused_ = false;
  /// True until CAPS have followed the last STREAM_START.
  bool isNewStream_ = true;
  TensorReader reader_;
  /// The last SEGMENT event.
  std::shared_ptr<GstEvent> segment_;
  /// The options of the open decode stream.
  StreamOptions options_;

  UpstreamSender sender_;
  InterimOutput interim_;
  Translations translations_;
  /// The text of pad `src`.
  const std::shared_ptr<TextBranch> text_;

  std::mutex mutex_;
  /// Guarded by mutex_. It is the last member, so that its callbacks have ended before the members that they
  /// use are destroyed.
  std::shared_ptr<DecodeStream> stream_;
};

}  // namespace npuspeech::gst
