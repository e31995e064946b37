// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/engine_loader.h"

#include <system_error>

#include "base/thread_error.h"
#include "gst/core/boundary.h"

namespace npuspeech::gst {

bool EngineLoader::start(const EngineOptions& options, bool retry) {
  {
    const std::lock_guard lock(mutex_);
    if (options == options_ &&
        (state_ == State::Loading || state_ == State::Loaded || (state_ == State::Failed && !retry)))
      return true;
  }
  stop();
  options_ = options;
  {
    const std::lock_guard lock(mutex_);
    state_ = State::Loading;
  }
  try {
    // The thread holds the element, for a message may make the application drop it.
    thread_ = std::jthread([this, options, element = Held<GstElement>(GST_ELEMENT(gst_object_ref(element_)))](
                               const std::stop_token& stop) { load(options, stop); });
    return true;
  } catch (const std::system_error&) {
    finish(threadError("load the model " + options.model), "model " + options.model, {});
  } catch (const std::bad_alloc&) {
    finish(Error{ErrorCode::OutOfMemory, "There is no memory to load a model."}, "model", {});
  }
  return false;
}

void EngineLoader::stop() {
  thread_.request_stop();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();  // it ends by itself, and changes nothing here any more
  else if (thread_.joinable())
    thread_.join();
  std::shared_ptr<Engine> engine;  // freed with no lock held
  {
    const std::lock_guard lock(mutex_);
    state_ = State::Idle;
    engine.swap(engine_);
  }
  changed_.notify_all();
}

void EngineLoader::load(const EngineOptions& options, const std::stop_token& stop) {
  guardedVoid(element_, [&] {
    const std::string what = "model " + options.model;
    postProgress(GST_PROGRESS_TYPE_START, "Loading " + what);
    int reported = 0;
    const auto progress = [&](double fraction) {
      const int tenth = static_cast<int>(fraction * 10);
      if (tenth <= reported || tenth >= 10) return;
      reported = tenth;
      postProgress(GST_PROGRESS_TYPE_CONTINUE, "Loading " + what + ": " + std::to_string(tenth * 10) + " %");
    };
    const auto opened = Engine::open(options, progress, stop);
    if (opened && onLoaded_) onLoaded_(**opened);
    finish(opened, what, stop);
  });
  // Where something was thrown, the error is on the bus.
  const std::lock_guard lock(mutex_);
  if (stop.stop_requested() || state_ != State::Loading) return;
  state_ = State::Failed;
  changed_.notify_all();
}

// Messages first: whoever waits for the engine must find its failure on the bus already.
void EngineLoader::finish(const Result<std::shared_ptr<Engine>>& opened, const std::string& what,
                          const std::stop_token& stop) {
  if (stop.stop_requested() || (!opened && opened.error().code == ErrorCode::Cancelled)) {
    postProgress(GST_PROGRESS_TYPE_CANCELED, "Loading " + what + " was cancelled");
  } else if (opened) {
    postProgress(GST_PROGRESS_TYPE_COMPLETE, "Loaded " + what);
  } else {
    postProgress(GST_PROGRESS_TYPE_ERROR, "Loading " + what + " failed");
    postError(element_, opened.error());
  }
  {
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested()) return;  // stop() says what is, or a later start()
    state_ = opened ? State::Loaded : State::Failed;
    if (opened) engine_ = *opened;
  }
  changed_.notify_all();
}

void EngineLoader::postProgress(GstProgressType type, const std::string& text) {
  gst_element_post_message(
      element_, gst_message_new_progress(GST_OBJECT(element_), type, "loading", printable(text).get()));
}

std::shared_ptr<Engine> EngineLoader::wait(GstFlowReturn* flow) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ != State::Loading || interrupted_; });
  if (flow) *flow = engine_ ? GST_FLOW_OK : state_ == State::Failed ? GST_FLOW_ERROR : GST_FLOW_FLUSHING;
  return engine_;
}

std::shared_ptr<Engine> EngineLoader::engine() {
  const std::lock_guard lock(mutex_);
  return engine_;
}

void EngineLoader::setInterrupted(bool interrupted) {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = interrupted;
  }
  changed_.notify_all();
}

}  // namespace npuspeech::gst
