// SPDX-License-Identifier: LGPL-2.1-or-later
// The bounded queue between an element's sink pad and the task of its source pad.
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_error.h"
#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/holders.h"
#include "gst/core/pad_task.h"

namespace npuspeech::gst {

/// An Item has a `Held<GstEvent> event`, null for a window, and a `bool ready() const`, called with mutex_
/// held. The sink pad's thread calls push(). The task takes items in order, each once it is ready, and calls
/// `process` with it and no lock held, which pushes to the source pad. A flow other than OK stops the task,
/// and the next push() returns it. After NOT_LINKED, linking the pad starts the task again, as in GStreamer's
/// `queue`. Lock order: the pads' stream locks, then mutex_, then the pads' object locks.
template <class Item>
class Stage final : private PadTask {
 public:
  using ItemPtr = std::shared_ptr<Item>;
  using Process = std::function<GstFlowReturn(Item&)>;
  using Clock = std::chrono::steady_clock;
  using PadTask::attach;

  /// push() blocks while `capacity` windows wait. `process` must not throw; before it returns GST_FLOW_ERROR,
  /// it posts the error. `interrupt` asks work in progress to end; it is called at a flush and at shutdown,
  /// on any thread.
  Stage(GstElement* element, size_t capacity, Process process, std::function<void()> interrupt = {})
      : PadTask(element),
        process_(std::move(process)),
        interrupt_(std::move(interrupt)),
        capacity_(capacity) {}

  /// Replaces the capacity that the constructor took. Any thread.
  void setCapacity(size_t capacity) {
    const std::lock_guard lock(mutex_);
    capacity_ = capacity;
    changed_.notify_all();
  }

  /// Queues an item; a window waits for room. Returns FLUSHING, or the flow that stopped the task, where the
  /// item was refused. Once `stale` has stopped, the item is from before a flush and is refused; it must stop
  /// before stopFlush() is called.
  GstFlowReturn push(ItemPtr item, const std::stop_token& stale = {}) {
    std::unique_lock lock(mutex_);
    const bool window = !item->event;
    if (window)
      changed_.wait(lock, [this] { return flushing_ || flow_ != GST_FLOW_OK || windows_ < capacity_; });
    if (flushing_ || stale.stop_requested()) return GST_FLOW_FLUSHING;
    if (flow_ != GST_FLOW_OK) return flow_;
    windows_ += window ? 1 : 0;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return GST_FLOW_OK;
  }

  /// Removes and returns the waiting windows that match.
  template <class Match>
  std::vector<ItemPtr> remove(Match&& match) {
    const std::lock_guard lock(mutex_);
    std::vector<ItemPtr> removed;
    std::erase_if(items_, [&](const ItemPtr& item) {
      if (item->event || !match(*item)) return false;
      removed.push_back(item);
      return true;
    });
    windows_ -= removed.size();
    if (!removed.empty()) changed_.notify_all();
    return removed;
  }

  /// Calls `change` with the lock held, which may make an item ready, whether it is queued or not.
  template <class Change>
  void update(Change&& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  /// Waits until every item that was queued has been processed, or cannot be any more.
  void waitIdle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return flushing_ || flow_ != GST_FLOW_OK || (items_.empty() && !busy_); });
  }

  /// Queues a serialized event. False where it was refused, as all but sticky events are after a failure, and
  /// EOS. An EOS that is refused because the pad was not linked posts that: no later push() would return it.
  bool pushEvent(Held<GstEvent> event) {
    auto item = std::make_shared<Item>();
    item->event = std::move(event);
    return pushEvent(std::move(item));
  }
  bool pushEvent(ItemPtr item) {
    const GstEventType type = GST_EVENT_TYPE(item->event.get());
    GstFlowReturn flow = GST_FLOW_OK;
    {
      const std::lock_guard lock(mutex_);
      if (flushing_) return false;
      if (flow_ == GST_FLOW_OK || (isSticky(type) && type != GST_EVENT_EOS)) {
        items_.push_back(std::move(item));
        changed_.notify_all();
        return true;
      }
      flow = flow_;
    }
    if (type == GST_EVENT_EOS && flow == GST_FLOW_NOT_LINKED) GST_ELEMENT_FLOW_ERROR(element(), flow);
    return false;
  }

  /// Whether every push to the pad has succeeded since its last start or flush.
  bool goesOn() {
    const std::lock_guard lock(mutex_);
    return flow_ == GST_FLOW_OK;
  }

  /// For a pad that is being removed: drops what waits, and takes no more, also after later state changes.
  /// The task ends once its current push returns.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      isAbandoned_ = true;
    }
    shutDown();
  }

  /// Takes FLUSH_START: pushes it, interrupts the work, drops what waits, and pauses the task.
  bool startFlush(Held<GstEvent> event) {
    const bool pushed = gst_pad_push_event(src(), event.release());
    interrupt([](const Item& item) { return item.event && outlivesFlush(item.event.get()); });
    gst_pad_pause_task(src());
    return pushed;
  }

  /// Takes FLUSH_STOP: pushes it, calls `reset` while the task is paused, and starts the task again.
  template <class Reset>
  bool stopFlush(Held<GstEvent> event, Reset&& reset) {
    const bool pushed = gst_pad_push_event(src(), event.release());
    GST_PAD_STREAM_LOCK(src());
    reset();
    GST_PAD_STREAM_UNLOCK(src());
    if (gst_pad_is_active(src())) start();
    return pushed;
  }

  /// Has the task call `ring` once where no item is ready until `at`. Only for `process` and `ring`.
  void setAlarm(Clock::time_point at, std::function<GstFlowReturn()> ring) {
    alarm_ = at;
    ring_ = std::move(ring);
  }

  /// A token that stops with the next flush or shutdown. Any thread.
  std::stop_token stopToken() {
    const std::lock_guard lock(mutex_);
    return stop_.get_token();
  }

 private:
  bool start() override {
    return guarded(element(), false, [&] {
      std::stop_source stop;
      std::unique_lock lock(mutex_);
      if (isAbandoned_) return true;
      flow_ = GST_FLOW_OK;
      flushing_ = false;
      stop_ = std::move(stop);
      return startTask(lock);
    });
  }

  void resume() override {
    guardedVoid(element(), [&] {
      std::unique_lock lock(mutex_);  // the task that stops has stopped
      isRelinked_ = true;
      if (flushing_ || flow_ != GST_FLOW_NOT_LINKED) return;
      flow_ = GST_FLOW_OK;
      startTask(lock);
    });
  }

  void shutDown() override {
    interrupt([](const Item&) { return false; });
  }

  bool startTask(std::unique_lock<std::mutex>& lock) {
    if (PadTask::startTask()) return true;
    flow_ = GST_FLOW_ERROR;
    lock.unlock();
    changed_.notify_all();
    postError(element(), threadError("push what comes out of pad " + std::string(GST_PAD_NAME(src()))));
    return false;
  }

  template <class Keep>
  void interrupt(Keep&& keep) {
    std::list<ItemPtr> dropped;  // freed with no lock held
    std::stop_source stop(std::nostopstate);
    {
      const std::lock_guard lock(mutex_);
      flushing_ = true;
      stop = stop_;
      for (auto next = items_.begin(); next != items_.end();) {
        const auto item = next++;
        if (!keep(**item)) dropped.splice(dropped.end(), items_, item);
      }
      windows_ = 0;
    }
    stop.request_stop();
    changed_.notify_all();
    if (interrupt_) interrupt_();
  }

  /// Waits for the next item. Null where the alarm rings or the task is to stop.
  ItemPtr pop() {
    std::unique_lock lock(mutex_);
    busy_ = false;
    changed_.notify_all();
    const auto goesOn = [this] { return flushing_ || (!items_.empty() && items_.front()->ready()); };
    const auto alarm = std::exchange(alarm_, std::nullopt);
    if (!alarm)
      changed_.wait(lock, goesOn);
    else if (!changed_.wait_until(lock, *alarm, goesOn)) {
      busy_ = true;
      return nullptr;
    }
    ring_ = nullptr;
    if (flushing_) return nullptr;
    ItemPtr item = std::move(items_.front());
    items_.pop_front();
    windows_ -= item->event ? 0 : 1;
    busy_ = true;
    isRelinked_ = false;
    changed_.notify_all();
    return item;
  }

  void iterate() override {
    const ItemPtr item = pop();
    const auto ring = std::exchange(ring_, nullptr);
    const GstFlowReturn flow = item ? process_(*item) : ring ? ring() : GST_FLOW_FLUSHING;
    if (flow != GST_FLOW_OK) stopWith(flow);
  }

  /// Stops the task. The next push() returns `flow`; where none may come, an error is posted.
  void stopWith(GstFlowReturn flow) {
    bool isEnding = false;
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      if (flow == GST_FLOW_NOT_LINKED && isRelinked_) return;  // while the item was on its way
      if (!flushing_) flow_ = flow;
      isEnding = std::any_of(items_.begin(), items_.end(), [](const ItemPtr& item) {
        return item->event && GST_EVENT_TYPE(item->event.get()) == GST_EVENT_EOS;
      });
      gst_pad_pause_task(src());
    }
    changed_.notify_all();
    if (flow == GST_FLOW_FLUSHING || (flow == GST_FLOW_NOT_LINKED && !isEnding)) return;
    // An error has been posted by whoever met it; the other failures come back from a pad, unreported.
    if (flow < GST_FLOW_EOS || flow == GST_FLOW_NOT_LINKED)
      if (flow != GST_FLOW_ERROR) GST_ELEMENT_FLOW_ERROR(element(), flow);
    if (flow != GST_FLOW_NOT_LINKED) gst_pad_push_event(src(), gst_event_new_eos());
  }

  const Process process_;
  const std::function<void()> interrupt_;

  // For the task.
  std::optional<Clock::time_point> alarm_;
  std::function<GstFlowReturn()> ring_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::list<ItemPtr> items_;
  size_t capacity_;
  size_t windows_ = 0;
  bool flushing_ = true, busy_ = false, isAbandoned_ = false, isRelinked_ = false;
  GstFlowReturn flow_ = GST_FLOW_OK;
  std::stop_source stop_;
};

}  // namespace npuspeech::gst
