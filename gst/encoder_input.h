// SPDX-License-Identifier: LGPL-2.1-or-later
// What npuwhisperenc's sink pad takes: windows of log-mel, encoded into states for its source pad.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <optional>

#include "gst/engine_loader.h"
#include "gst/npu_allocator.h"
#include "gst/stage.h"
#include "gst/states_pool.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/window_meta.h"

namespace npuspeech::gst {

/// The element's engine, and the task that encodes. For the sink pad's thread, but where it says otherwise.
class EncoderInput {
 public:
  /// The pads are the element's and outlive this. options: a copy of them as they are now; any thread.
  EncoderInput(GstElement* element, GstPad* sink, GstPad* src, std::function<EngineOptions()> options);

  /// Queues a window; its states come out of the source pad. What is wrong is on the bus.
  GstFlowReturn encode(Held<GstBuffer> buffer);
  /// An event of the sink pad; serialized ones pass behind the windows before them.
  bool takeEvent(Held<GstEvent> event);
  /// What the sink pad takes now. While the model loads in a running pipeline the question waits, so that
  /// npumel's first answer is the model's. Any thread.
  Held<GstCaps> caps(GstCaps* filter);
  /// Offers the device's memory to who makes log-mel. Any thread.
  bool proposePool(GstQuery* query);
  /// Until what is queued is through, or never will be. Any thread.
  void waitIdle() { stage_.waitIdle(); }

  /// Whether what can be told before the model is loaded is right; what is not is on the bus. Any thread.
  bool check();
  /// Loads the model, in the background; `retry`: also where that failed before. False where no thread can be
  /// had. States, from the thread that changes them, as the next three.
  bool load(bool retry);
  /// Before the pads are activated, after they are not, and when the engine is not needed any more.
  void start();
  void stop() { pool_.reset(); }
  void unload() { loader_.stop(); }

  /// The loaded engine, or null. Any thread.
  std::shared_ptr<Engine> engine() { return loader_.engine(); }
  const Stats& stats() const { return stats_; }

 private:
  /// What the task encodes or passes on.
  struct Item {
    Held<GstEvent> event;
    Held<GstBuffer> buffer;
    Window window;
    bool discont = false;
    bool ready() const { return true; }
  };

  bool begin(const GstCaps* caps);
  GstFlowReturn process(Item& item);
  GstFlowReturn encodeWindow(const Item& item);
  Result<void> encodeInto(Engine& engine, const Item& item, GstBuffer* output);

  GstElement* const element_;
  GstPad *const sink_, *const src_;
  const std::function<EngineOptions()> options_;
  EngineLoader loader_;
  Stats stats_;

  GstSegment segment_{};               // these four of the sink pad's thread
  std::optional<TensorFormat> input_;  // of the last CAPS
  bool isRefused_ = false;             // what is wrong with the last CAPS is on the bus
  bool isNewStream_ = true;            // no CAPS have followed the last STREAM_START

  TensorReader reader_;  // these two of the task
  StatesPool pool_;

  Stage<Item> stage_;  // last: it stops first
};

}  // namespace npuspeech::gst
