// SPDX-License-Identifier: LGPL-2.1-or-later
// Something that runs out when a test says so.
#pragma once

#include <atomic>
#include <climits>

namespace npuspeech::test {

/// Counts who takes from it, over all threads but those that are exempt.
class Scarce {
 public:
  /// From now on, takers `from` up to `until`, counted from 0, get none.
  void runOut(long from, long until = LONG_MAX) {
    from_ = until_ = LONG_MAX;
    taken_ = 0;
    until_ = until;
    from_ = from;
  }
  void refill() { from_ = LONG_MAX; }
  long taken() const { return taken_; }
  bool take() {
    if (isExempt) return true;
    const long number = taken_++;
    return number < from_ || number >= until_;
  }
  static inline thread_local bool isExempt = false;

 private:
  std::atomic<long> taken_{0}, from_{LONG_MAX}, until_{LONG_MAX};
};

}  // namespace npuspeech::test
