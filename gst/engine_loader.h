// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens an element's Engine in a thread of its own, so that state changes return at once.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Posts PROGRESS messages with code "loading", and one element error where loading fails. start() and stop()
/// must not overlap, but may be called from a message that is posted here; the rest is for any thread.
class EngineLoader {
 public:
  /// onLoaded: called on the loading thread before wait() returns the engine.
  explicit EngineLoader(GstElement* element, std::function<void(Engine&)> onLoaded = {})
      : element_(element), onLoaded_(std::move(onLoaded)) {}
  ~EngineLoader() { stop(); }

  /// Starts loading, unless that engine is there or on its way, or has failed and is not to be tried again.
  /// False where there is no thread for it: the error is on the bus.
  bool start(const EngineOptions& options, bool retry = true);
  /// Interrupts loading, waits for its thread (unless called on it), and lets go of the engine.
  void stop();

  /// Waits until the engine is there. Null where loading failed (`flow` is ERROR) or the wait was interrupted
  /// (FLUSHING).
  std::shared_ptr<Engine> wait(GstFlowReturn* flow = nullptr);
  /// The engine where it is there, else null.
  std::shared_ptr<Engine> engine();
  /// While true, wait() does not wait.
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
  State state_ = State::Idle;  // these three under mutex_
  bool interrupted_ = false;
  std::shared_ptr<Engine> engine_;
  EngineOptions options_;  // these two belong to start() and stop()
  std::jthread thread_;
};

}  // namespace npuspeech::gst
