// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of which nothing comes.
#include "idle_check.h"

#include <utility>

namespace {
// Between two looks, of which both must find it idle: it may be between two tasks.
constexpr guint kIdleMs = 1000;
}  // namespace

IdleCheck::IdleCheck(Pipeline& pipeline, std::function<bool()> isOver, std::function<void()> giveUp)
    : pipeline_(pipeline),
      isOver_(std::move(isOver)),
      giveUp_(std::move(giveUp)),
      source_(g_timeout_add(
          kIdleMs, [](gpointer self) { return static_cast<IdleCheck*>(self)->look(); }, this)) {}

IdleCheck::~IdleCheck() {
  if (source_) g_source_remove(source_);
}

gboolean IdleCheck::look() {
  const bool isOver = isOver_(), wasIdle = std::exchange(isIdle_, pipeline_.isIdle());
  if (!isOver && !(wasIdle && isIdle_)) return G_SOURCE_CONTINUE;
  if (!isOver && !std::exchange(hasStartedAgain_, true) && pipeline_.startAgain()) {
    isIdle_ = false;
    return G_SOURCE_CONTINUE;
  }
  source_ = 0;
  const auto giveUp = giveUp_;  // who gives up may end this
  if (!isOver) giveUp();
  return G_SOURCE_REMOVE;
}
