// SPDX-License-Identifier: LGPL-2.1-or-later
// The events of a session in the order of the stream, while the texts of some are still being read.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "speech/session/session_event.h"

namespace npuspeech {

/// Thread-safe. An event comes out once all before it have; an Error drops all behind it.
class EventQueue {
 public:
  /// Stands in the queue for an event that is not known yet. Only the queue looks into it.
  struct Place {
    std::optional<SessionEvent> event;
    bool isKnown = false;
  };

  /// Appends an event.
  void push(SessionEvent event);
  /// Appends a place for an event that fill() will tell.
  std::shared_ptr<Place> reserve();
  /// Tells the event of a place; nothing where there is none. A place that was dropped stays so. Does not
  /// throw.
  void fill(Place& place, std::optional<SessionEvent> event) noexcept;
  /// Drops everything; `error` is the only event. Does not throw.
  void fail(Error error) noexcept;
  /// Drops everything, and takes no more until clear().
  void stop();
  /// Drops everything, and begins anew.
  void clear();

  /// False after a failure, from when it is known on, and after stop(); until clear().
  bool goesOn() const;
  /// How many places wait for their event.
  size_t pending() const;
  /// Returns once fewer than `count` places wait for their event, or the queue does not go on.
  void waitForFewer(size_t count);

  /// The next event; nothing where it is not known yet or there is none.
  std::optional<SessionEvent> next();
  /// The same, but waits for an event that is not known yet.
  std::optional<SessionEvent> wait();

 private:
  void dropAll();                      // under mutex_
  std::optional<SessionEvent> take();  // under mutex_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Place>> places_;  // these four under mutex_
  std::optional<Error> failure_;               // comes out before all places
  size_t pending_ = 0;
  bool goesOn_ = true;
};

}  // namespace npuspeech
