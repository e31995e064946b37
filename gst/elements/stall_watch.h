// SPDX-License-Identifier: LGPL-2.1-or-later
// Notices that a live source has stalled.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// Waits for a deadline on the element's clock while the element plays. All calls are thread-safe, and only
/// stop() waits for `onStall`.
class StallWatch {
 public:
  /// `onStall` is called when the deadline has come and no later one was set. It is called on the watch's own
  /// thread, with no lock held.
  StallWatch(GstElement* element, std::function<void()> onStall);
  ~StallWatch();

  /// Sets the deadline: the running time by which more has to come, or GST_CLOCK_TIME_NONE for none. Without
  /// a clock there is none.
  void expect(GstClockTime until);
  /// Whether the element plays and the deadline has come.
  bool isOverdue() const;

  /// Tells whether the element plays. The deadline is a running time, which a pause does not use up.
  void setPlaying(bool playing);
  /// Ends the thread, and waits for `onStall` where it runs: hold no lock that it needs.
  void stop();

 private:
  void run();

  GstElement* const element_;
  const std::function<void()> onStall_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  GstClockTime until_ = GST_CLOCK_TIME_NONE;
  bool isPlaying_ = false, isStopping_ = false;
  GstClockID waiting_ = nullptr;

  /// For the streaming thread and the thread that changes states, which never use it together.
  std::thread thread_;
};

}  // namespace npuspeech::gst
