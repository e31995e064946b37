// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of which nothing comes.
#include "idle_check.h"

#include <utility>

namespace {
constexpr guint kLookMs = 1000;
// So many looks must find it idle: it may be between two tasks, or what is in its queues on its way.
constexpr int kIdleLooks = 2, kWaitingLooks = 5;
}  // namespace

IdleCheck::IdleCheck(Pipeline& pipeline, std::function<bool()> isOver, std::function<void()> giveUp)
    : pipeline_(pipeline),
      isOver_(std::move(isOver)),
      giveUp_(std::move(giveUp)),
      source_(g_timeout_add(
          kLookMs, [](gpointer self) { return static_cast<IdleCheck*>(self)->look(); }, this)) {}

IdleCheck::~IdleCheck() {
  if (source_) g_source_remove(source_);
}

gboolean IdleCheck::look() {
  const bool isOver = isOver_();
  idleLooks_ = pipeline_.isIdle(false) ? idleLooks_ + 1 : 0;
  if (!isOver && idleLooks_ < (pipeline_.isIdle(true) ? kIdleLooks : kWaitingLooks)) return G_SOURCE_CONTINUE;
  if (!isOver && !std::exchange(hasStartedAgain_, true) && pipeline_.startAgain()) {
    idleLooks_ = 0;
    return G_SOURCE_CONTINUE;
  }
  source_ = 0;
  const auto giveUp = giveUp_;  // who gives up may end this
  if (!isOver) giveUp();
  return G_SOURCE_REMOVE;
}
