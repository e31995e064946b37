// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends events upstream for threads that must not wait for the elements there.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <mutex>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// Sends events on a task of its own. Of the events that wait only the newest is sent, because each one
/// replaces those before it.
class UpstreamSender {
 public:
  /// `sink` must outlive this object.
  explicit UpstreamSender(GstPad* sink);
  /// Stops the task.
  ~UpstreamSender();
  UpstreamSender(const UpstreamSender&) = delete;
  UpstreamSender& operator=(const UpstreamSender&) = delete;

  /// Starts the task, unless it runs. Calls of start() and stop() must not overlap.
  void start();
  /// Stops the task. Waits for an event that is being sent.
  void stop();
  /// Queues an event and returns at once. Drops the event where the task is not started. Any thread.
  void send(Held<GstEvent> event);
  /// Drops the event that waits, at a flush. Any thread.
  void drop();

 private:
  void run();

  GstPad* const sink_;
  GstTask* task_ = nullptr;
  GRecMutex taskLock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Held<GstEvent> waiting_;
  bool isStarted_ = false;
};

}  // namespace npuspeech::gst
