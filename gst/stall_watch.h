// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells that a live source has stalled.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gst/holders.h"

namespace npuspeech::gst {

/// Waits on the element's clock while it plays. All calls are thread-safe, and none waits for `onStall` but
/// stop().
class StallWatch {
 public:
  /// onStall: called on a thread of the watch, with no lock held, when a time has come that nothing moved.
  StallWatch(GstElement* element, std::function<void()> onStall);
  ~StallWatch();

  /// Something came: the next is due until this running time, or never (GST_CLOCK_TIME_NONE). Without a
  /// clock nothing is.
  void expect(GstClockTime until);
  /// Whether the time that expect() was last told has come.
  bool isOverdue() const;

  /// Only while it plays; who goes on after a pause has as much time as before.
  void setPlaying(bool playing);
  /// Ends the thread; onStall must not be kept from returning.
  void stop();

 private:
  void run();

  GstElement* const element_;
  const std::function<void()> onStall_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  GstClockTime until_ = GST_CLOCK_TIME_NONE;  // these four under mutex_
  bool isPlaying_ = false, isStopping_ = false;
  GstClockID waiting_ = nullptr;
  std::thread thread_;  // of the streaming thread and the state changes, which exclude each other
};

}  // namespace npuspeech::gst
