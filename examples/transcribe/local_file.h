// SPDX-License-Identifier: LGPL-2.1-or-later
// What names on the command line stand for on this machine.
#pragma once

#include <string>

/// The descriptor that an INPUT or an output stands for, -1 for any other name: "/dev/stdout", "/dev/fd/63",
/// "/proc/self/fd/63".
int descriptorNamed(const std::string& name);
/// A name of what is open as `descriptor`, for calls that take names only.
std::string descriptorPath(int descriptor);

/// The path that an INPUT names, as itself or as a file URI. Of any other URI nothing is there.
std::string pathOf(const std::string& input);

/// An INPUT that is read through a descriptor: "-", which is standard input, one of the names above, or a
/// pipe or device by its path. Keeps open what it has opened.
class StreamInput {
 public:
  StreamInput() = default;
  ~StreamInput();
  StreamInput(const StreamInput&) = delete;
  StreamInput& operator=(const StreamInput&) = delete;

  static bool isOne(const std::string& input);
  /// The URI for GStreamer; "" with a reason in `error` where it cannot be read.
  std::string open(const std::string& input, std::string& error);
  /// The same for a file that GStreamer is to read from its front to its end.
  std::string openInOrder(const std::string& path, std::string& error);
  /// Whether what was opened can be read only from its front to its end.
  bool isPipe() const { return isPipe_; }

 private:
  int own_ = -1;
  bool isPipe_ = false;
};
