// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends events upstream for threads that must not wait for whoever takes them.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <mutex>

#include "gst/holders.h"

namespace npuspeech::gst {

/// Has a task of its own. Of events that wait only the newest is sent: each says all that the ones before it
/// said.
class UpstreamSender {
 public:
  /// sink: outlives this.
  explicit UpstreamSender(GstPad* sink);
  /// Stopped.
  ~UpstreamSender();
  UpstreamSender(const UpstreamSender&) = delete;
  UpstreamSender& operator=(const UpstreamSender&) = delete;

  /// Not from two threads at a time. start() once more changes nothing; stop() waits for an event that is on
  /// its way.
  void start();
  void stop();
  /// Any thread; returns at once, and drops the event where nothing is started.
  void send(Held<GstEvent> event);
  /// A flush: what waits is of no use.
  void drop();

 private:
  void run();

  GstPad* const sink_;
  GstTask* task_ = nullptr;
  GRecMutex taskLock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Held<GstEvent> waiting_;  // these two under mutex_
  bool isStarted_ = false;
};

}  // namespace npuspeech::gst
