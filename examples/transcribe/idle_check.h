// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of which nothing comes.
#pragma once

#include <glib.h>

#include <functional>

#include "pipeline.h"

/// Looks after a pipeline that reads a file until its first sound. decodebin loses errors of elements that it
/// is still trying, and what they push before it has linked them: then nothing more happens. For the main
/// loop's thread.
class IdleCheck {
 public:
  /// `isOver`: whether sound came or the file has ended. `giveUp` is called where no thread of the source is
  /// at work, and beginning again did not help. Borrows the pipeline.
  IdleCheck(Pipeline& pipeline, std::function<bool()> isOver, std::function<void()> giveUp);
  ~IdleCheck();
  IdleCheck(const IdleCheck&) = delete;
  IdleCheck& operator=(const IdleCheck&) = delete;

 private:
  gboolean look();

  Pipeline& pipeline_;
  const std::function<bool()> isOver_;
  const std::function<void()> giveUp_;
  guint source_;
  int idleLooks_ = 0;
  bool hasStartedAgain_ = false;
};
