// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/session/event_queue.h"

#include <utility>

namespace npuspeech {

void EventQueue::push(SessionEvent event) {
  auto place = std::make_shared<Place>(Place{std::move(event), true});
  const std::lock_guard lock(mutex_);
  if (!goesOn_) return;
  places_.push_back(std::move(place));
  changed_.notify_all();
}

std::shared_ptr<EventQueue::Place> EventQueue::reserve() {
  auto place = std::make_shared<Place>();
  const std::lock_guard lock(mutex_);
  if (!goesOn_) {
    place->isKnown = true;
    return place;
  }
  places_.push_back(place);
  ++pending_;
  return place;
}

void EventQueue::fill(Place& place, std::optional<SessionEvent> event) noexcept {
  const std::lock_guard lock(mutex_);
  if (std::exchange(place.isKnown, true)) return;
  if (event && std::holds_alternative<Error>(*event)) goesOn_ = false;
  place.event = std::move(event);
  --pending_;
  changed_.notify_all();
}

void EventQueue::fail(Error error) noexcept {
  const std::lock_guard lock(mutex_);
  if (!goesOn_) return;
  dropAll();
  failure_ = std::move(error);
  goesOn_ = false;
  changed_.notify_all();
}

void EventQueue::stop() {
  const std::lock_guard lock(mutex_);
  dropAll();
  goesOn_ = false;
  changed_.notify_all();
}

void EventQueue::clear() {
  const std::lock_guard lock(mutex_);
  dropAll();
  goesOn_ = true;
  changed_.notify_all();
}

bool EventQueue::goesOn() const {
  const std::lock_guard lock(mutex_);
  return goesOn_;
}

size_t EventQueue::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_;
}

void EventQueue::waitForFewer(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pending_ < count || !goesOn_; });
}

std::optional<SessionEvent> EventQueue::next() {
  const std::lock_guard lock(mutex_);
  return take();
}

std::optional<SessionEvent> EventQueue::wait() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (auto event = take()) return event;
    if (places_.empty()) return {};
    changed_.wait(lock);
  }
}

// Places that are still pending are known from now on, so that nobody fills them.
void EventQueue::dropAll() {
  for (const auto& place : places_) place->isKnown = true;
  places_.clear();
  failure_.reset();
  pending_ = 0;
}

std::optional<SessionEvent> EventQueue::take() {
  if (failure_) return std::exchange(failure_, std::nullopt);
  while (!places_.empty() && places_.front()->isKnown) {
    std::optional<SessionEvent> event = std::move(places_.front()->event);
    places_.pop_front();
    if (event && std::holds_alternative<Error>(*event)) dropAll();
    if (event) return event;
  }
  return {};
}

}  // namespace npuspeech
