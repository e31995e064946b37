// SPDX-License-Identifier: LGPL-2.1-or-later
// What the program does when it is asked to end: by Ctrl-C, by another program, or by a terminal that closes.
#pragma once

#include <functional>
#include <string>

/// SIGINT, SIGTERM and SIGHUP, where the caller has not set them aside as nohup does. At first, and while one
/// waits for the main loop, each ends the program at once with status 128 + its number. One instance at a
/// time, in the main loop's thread; a write into a closed pipe or past a limit becomes an error.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// From now on the first signal calls `asked` with its number from the main loop; another one ends the
  /// program at once.
  void attend(std::function<void(int)> asked);
  /// The one that has come is being dealt with: the next one calls `asked` again.
  void attendAgain();

  /// A file that has to be gone when the program ends at once; "" for none.
  static void removeAtOnce(const std::string& path);

 private:
  std::function<void(int)> asked_;
  unsigned watch_ = 0;
};
