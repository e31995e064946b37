// SPDX-License-Identifier: LGPL-2.1-or-later
// The error where the system starts no more threads.
#pragma once

#include <string>

#include "base/result.h"

namespace npuspeech {

/// Returns the error where a thread cannot be started. `purpose` says what for: "load the model x".
inline Error threadError(const std::string& purpose) {
  return {
      ErrorCode::OutOfMemory,
      "No thread can be started to " + purpose +
          ": raise the limit of processes (ulimit -u, or pids.max of the container), or run less beside it."};
}

}  // namespace npuspeech
