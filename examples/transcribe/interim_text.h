// SPDX-License-Identifier: LGPL-2.1-or-later
// What has been said live and is not in a caption yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Words behind the last caption: `committed` stay as they are, `interim` may still change.
struct LiveWords {
  std::string committed, interim;
};

/// Follows nputranscriber's pad `unsynced_src`, which says at once what its captions say once they are whole.
/// Not thread-safe.
class InterimText {
 public:
  /// A buffer of that pad, a JSON object. What is no such object is ignored.
  void take(std::string_view json);
  /// A caption holds what began before `endNs`, a time as in the buffers.
  void settle(uint64_t endNs);
  LiveWords pending() const;

 private:
  struct Word {
    uint64_t startNs;
    std::string text;
  };
  std::string joined(const std::vector<Word>& words) const;

  std::vector<Word> committed_, interim_;
  uint64_t settledNs_ = 0;
  bool spaced_ = true;  // the language has spaces between its words
};
