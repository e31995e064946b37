// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens an element's Engine on a thread of its own, so that state changes return at once.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Posts PROGRESS messages with code "loading", and one element error where loading fails. Calls of start()
/// and stop() must not overlap, but either may be called by the handler of a message that is posted here. All
/// other calls are for any thread.
class EngineLoader {
 public:
  /// `onLoaded` is called on the loading thread, before wait() returns the engine.
  explicit EngineLoader(GstElement* element, std::function<void(Engine&)> onLoaded = {})
      : element_(element), onLoaded_(std::move(onLoaded)) {}
  ~EngineLoader() { stop(); }

  /// Starts loading, unless an engine with the same options is loaded or loading, or has failed and `retry`
  /// is false. False where no thread can be started; the error is posted.
  bool start(const EngineOptions& options, bool retry = true);
  /// Interrupts loading, waits for the loading thread (unless called on it), and lets go of the engine.
  void stop();

  /// Waits until the engine is loaded. Null where loading failed (`flow` is then GST_FLOW_ERROR) or where the
  /// wait was interrupted (GST_FLOW_FLUSHING).
  std::shared_ptr<Engine> wait(GstFlowReturn* flow = nullptr);
  /// The engine, or null where it is not loaded.
  std::shared_ptr<Engine> engine();
  /// While `interrupted` is true, wait() returns at once.
  void setInterrupted(bool interrupted);

 private:
  enum class State { Idle, Loading, Loaded, Failed };

  void load(const EngineOptions& options, const std::stop_token& stop);
  void finish(const Result<std::shared_ptr<Engine>>& opened, const std::string& what,
              const std::stop_token& stop);
  void postProgress(GstProgressType type, const std::string& text);

  GstElement* const element_;
  const std::function<void(Engine&)> onLoaded_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  State state_ = State::Idle;
  bool interrupted_ = false;
  std::shared_ptr<Engine> engine_;

  // For start() and stop() only.
  EngineOptions options_;
  std::jthread thread_;
};

}  // namespace npuspeech::gst
