// SPDX-License-Identifier: LGPL-2.1-or-later
// A resource that runs out when a test says so.
#pragma once

#include <atomic>
#include <climits>

namespace npuspeech::test {

/// Counts how often the resource is taken, on all threads except exempt ones. Thread-safe.
class Scarce {
 public:
  /// Counts from 0 again, and refuses the takes from number `from` up to, but not including, `until`.
  void runOut(long from, long until = LONG_MAX) {
    from_ = until_ = LONG_MAX;
    taken_ = 0;
    until_ = until;
    from_ = from;
  }
  /// Refuses no more takes.
  void refill() { from_ = LONG_MAX; }
  /// The number of takes since runOut(), refused ones included.
  long taken() const { return taken_; }
  /// Takes one. False where it is refused.
  bool take() {
    if (isExempt) return true;
    const long number = taken_++;
    return number < from_ || number >= until_;
  }
  /// True: the calling thread's takes are neither counted nor refused.
  static inline thread_local bool isExempt = false;

 private:
  std::atomic<long> taken_{0}, from_{LONG_MAX}, until_{LONG_MAX};
};

}  // namespace npuspeech::test
