// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/upstream_sender.h"

#include <utility>

namespace npuspeech::gst {

UpstreamSender::UpstreamSender(GstPad* sink) : sink_(sink) {
  g_rec_mutex_init(&taskLock_);
}

UpstreamSender::~UpstreamSender() {
  stop();
  g_rec_mutex_clear(&taskLock_);
}

void UpstreamSender::start() {
  if (task_) return;
  {
    const std::lock_guard lock(mutex_);
    isStarted_ = true;
  }
  task_ = gst_task_new([](gpointer self) { static_cast<UpstreamSender*>(self)->run(); }, this, nullptr);
  gst_task_set_lock(task_, &taskLock_);
  gst_task_start(task_);
}

void UpstreamSender::stop() {
  if (!task_) return;
  gst_task_stop(task_);
  Held<GstEvent> dropped;  // freed with no lock held
  {
    const std::lock_guard lock(mutex_);
    isStarted_ = false;
    dropped = std::move(waiting_);
  }
  changed_.notify_all();
  gst_task_join(task_);
  gst_object_unref(std::exchange(task_, nullptr));
}

void UpstreamSender::send(Held<GstEvent> event) {
  {
    const std::lock_guard lock(mutex_);
    if (isStarted_) waiting_.swap(event);
  }
  changed_.notify_all();
}

void UpstreamSender::drop() {
  Held<GstEvent> dropped;  // freed with no lock held
  const std::lock_guard lock(mutex_);
  dropped = std::move(waiting_);
}

void UpstreamSender::run() {
  Held<GstEvent> event;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !isStarted_ || waiting_; });
    event = std::move(waiting_);
  }
  if (event) gst_pad_push_event(sink_, event.release());
}

}  // namespace npuspeech::gst
