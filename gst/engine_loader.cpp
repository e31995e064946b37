// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/engine_loader.h"

#include "gst/boundary.h"

namespace npuspeech::gst {

void EngineLoader::start(const EngineOptions& options, bool retry) {
  {
    const std::lock_guard lock(mutex_);
    if (options == options_ &&
        (state_ == State::Loading || state_ == State::Loaded || (state_ == State::Failed && !retry)))
      return;
  }
  stop();
  options_ = options;
  state_ = State::Loading;  // no thread that could see it yet
  thread_ = std::jthread([this, options](std::stop_token stop) { load(options, stop); });
}

void EngineLoader::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  state_ = State::Idle;
  engine_ = nullptr;
}

void EngineLoader::load(const EngineOptions& options, std::stop_token stop) {
  const std::string what = "model " + options.model;
  Result<std::shared_ptr<Engine>> opened = Error{ErrorCode::Internal, ""};
  guarded(element_, false, [&] {
    postProgress(GST_PROGRESS_TYPE_START, "Loading " + what);
    int reported = 0;
    const auto progress = [&](double fraction) {
      const int tenth = static_cast<int>(fraction * 10);
      if (tenth <= reported || tenth >= 10) return;
      reported = tenth;
      postProgress(GST_PROGRESS_TYPE_CONTINUE, "Loading " + what + ": " + std::to_string(tenth * 10) + " %");
    };
    opened = Engine::open(options, progress, stop);
    if (opened && onLoaded_) onLoaded_(**opened);
    return true;
  });
  const bool cancelled = stop.stop_requested() || (!opened && opened.error().code == ErrorCode::Cancelled);
  // Messages first: whoever waits for the engine must find its failure on the bus already.
  if (cancelled) {
    postProgress(GST_PROGRESS_TYPE_CANCELED, "Loading " + what + " was cancelled");
  } else if (opened) {
    postProgress(GST_PROGRESS_TYPE_COMPLETE, "Loaded " + what);
  } else {
    postProgress(GST_PROGRESS_TYPE_ERROR, "Loading " + what + " failed");
    if (!opened.error().message.empty()) postError(element_, opened.error());
  }
  {
    const std::lock_guard lock(mutex_);
    state_ = opened && !cancelled ? State::Loaded : State::Failed;
    if (state_ == State::Loaded) engine_ = std::move(*opened);
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
