// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/stall_watch.h"

#include <system_error>
#include <utility>

#include "gst/core/running_time.h"

namespace npuspeech::gst {

StallWatch::StallWatch(GstElement* element, std::function<void()> onStall)
    : element_(element), onStall_(std::move(onStall)) {}

StallWatch::~StallWatch() {
  stop();
}

void StallWatch::expect(GstClockTime until) {
  const std::lock_guard lock(mutex_);
  const bool isNew = !GST_CLOCK_TIME_IS_VALID(until_) && GST_CLOCK_TIME_IS_VALID(until);
  until_ = until;
  if (!isNew || isStopping_) return;
  if (!thread_.joinable()) try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& failure) {
      GST_WARNING_OBJECT(element_, "A source that stalls will not be noticed: %s", failure.what());
    }
  changed_.notify_all();
}

bool StallWatch::isOverdue() const {
  const GstClockTime now = runningTime(element_);
  const std::lock_guard lock(mutex_);
  return isPlaying_ && GST_CLOCK_TIME_IS_VALID(now) && now >= until_;
}

void StallWatch::setPlaying(bool playing) {
  const std::lock_guard lock(mutex_);
  isPlaying_ = playing;
  if (!playing && waiting_) gst_clock_id_unschedule(waiting_);
  changed_.notify_all();
}

void StallWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    isStopping_ = true;
    until_ = GST_CLOCK_TIME_NONE;
    if (waiting_) gst_clock_id_unschedule(waiting_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  isStopping_ = false;
}

void StallWatch::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return isStopping_ || (isPlaying_ && GST_CLOCK_TIME_IS_VALID(until_)); });
    if (isStopping_) return;
    const GstClockTime until = until_;
    const Held<GstClock> clock(gst_element_get_clock(element_));
    if (!clock) {
      until_ = GST_CLOCK_TIME_NONE;
      continue;
    }
    waiting_ = gst_clock_new_single_shot_id(clock.get(), gst_element_get_base_time(element_) + until);
    lock.unlock();
    const GstClockReturn result = gst_clock_id_wait(waiting_, nullptr);
    lock.lock();
    gst_clock_id_unref(std::exchange(waiting_, nullptr));
    if (result == GST_CLOCK_UNSCHEDULED || until_ != until || !isPlaying_) continue;
    lock.unlock();
    onStall_();
    lock.lock();
    if (until_ == until) until_ = GST_CLOCK_TIME_NONE;
  }
}

}  // namespace npuspeech::gst
