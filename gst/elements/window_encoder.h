// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperenc's sink pad: takes windows of log-mel, and encodes them into states for the source pad.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <optional>

#include "gst/core/stage.h"
#include "gst/core/stats.h"
#include "gst/elements/engine_loader.h"
#include "gst/memory/npu_allocator.h"
#include "gst/memory/states_pool.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"

namespace npuspeech::gst {

/// Owns the element's engine and the task that encodes. Calls are for the sink pad's thread, unless they name
/// another.
class WindowEncoder {
 public:
  /// The pads belong to the element and outlive this object. `options` returns a copy of the current options,
  /// on any thread.
  WindowEncoder(GstElement* element, GstPad* sink, GstPad* src, std::function<EngineOptions()> options);

  /// Queues a window, whose states come out of the source pad. Errors are posted on the bus.
  GstFlowReturn encode(Held<GstBuffer> buffer);
  /// Takes an event of the sink pad. A serialized event is pushed after the windows before it.
  bool takeEvent(Held<GstEvent> event);
  /// The caps that the sink pad takes now. While the model loads in a running pipeline, this waits, so that
  /// npumel's first answer is what the model needs. Any thread.
  Held<GstCaps> caps(GstCaps* filter);
  /// Answers an ALLOCATION query with a pool of the device's memory, for the element that makes the log-mel.
  /// Any thread.
  bool proposePool(GstQuery* query);
  /// Waits until everything that was queued has been pushed, or cannot be pushed any more. Any thread.
  void waitIdle() { stage_.waitIdle(); }

  /// Checks the options as far as that is possible before the model is loaded. Errors are posted on the bus.
  /// Any thread.
  bool check();
  /// Starts to load the model in the background; with `retry`, also where these options failed before. False
  /// where no thread can be started; the error is posted. For the thread that changes states.
  bool load(bool retry);
  /// Prepares a run. For the thread that changes states, before the pads are activated.
  void start();
  /// Frees the buffers of states. For the thread that changes states, once the pads are deactivated.
  void stop() { pool_.reset(); }
  /// Lets go of the engine. For the thread that changes states.
  void unload() { loader_.stop(); }

  /// The loaded engine, or null. Any thread.
  std::shared_ptr<Engine> engine() { return loader_.engine(); }
  const Stats& stats() const { return stats_; }

 private:
  /// A window that the task encodes, or an event that it passes on.
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

  // For the sink pad's thread.
  GstSegment segment_{};
  /// The format of the last CAPS; empty until they were accepted.
  std::optional<TensorFormat> input_;
  /// True after CAPS that the model cannot take. The error has been posted.
  bool isRefused_ = false;
  /// True until CAPS have followed the last STREAM_START.
  bool isNewStream_ = true;

  // For the task.
  TensorReader reader_;
  StatesPool pool_;

  /// It is the last member, so that its task has ended before the members that it uses are destroyed.
  Stage<Item> stage_;
};

}  // namespace npuspeech::gst
