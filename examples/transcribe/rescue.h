// SPDX-License-Identifier: LGPL-2.1-or-later
// What GStreamer cannot read of a file, read by FFmpeg's program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

/// FFmpeg at work on a file: its sound, as samples with their times, comes through a pipe. It searches for
/// the beginning, reads on behind damage and from one part of a joined file into the next.
class Rescue {
 public:
  static bool isInstalled();

  /// `track` counts the file's sound tracks from 0. What comes before `fromNs` is left out.
  Rescue(const std::string& path, size_t track, int64_t fromNs);
  /// Ends the program. Nobody reads any more by then.
  ~Rescue();
  Rescue(const Rescue&) = delete;
  Rescue& operator=(const Rescue&) = delete;

  /// Of the pipe, for GStreamer; empty where the program could not be started.
  std::string uri() const { return pipe_ < 0 ? "" : "fd://" + std::to_string(pipe_); }

 private:
  int pipe_ = -1;
  pid_t process_ = -1;
};
