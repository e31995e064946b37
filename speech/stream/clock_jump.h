// SPDX-License-Identifier: LGPL-2.1-or-later
// Time that went on elsewhere in the middle of what was said.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "speech/text/word.h"

namespace npuspeech {

/// A jump of the clock of a source that froze: its sound goes on as if nothing had happened, but its
/// timestamps are ahead from then on. Windows keep the times that they began with, and their words get those
/// of the clock.
struct ClockJump {
  /// The time, in ns, behind which the sound's clock is ahead; nothing where it did not jump.
  std::optional<int64_t> atNs;
  /// By how much it is ahead there, in ns.
  int64_t byNs = 0;

  bool operator==(const ClockJump&) const = default;

  /// The clock's time for a time of a window. At the very point of the jump, sound ends rather than begins:
  /// it has the time from before the jump.
  int64_t timeOf(int64_t ns) const { return atNs && ns > *atNs ? ns + byNs : ns; }

  /// Moves those words behind the jump, each of them whole, that belong to a window which begins at
  /// `startNs`. Their times count from timeOf(startNs) then.
  void apply(int64_t startNs, std::vector<Word>& words) const {
    if (!atNs || byNs == 0 || startNs > *atNs) return;
    for (Word& word : words) {
      if (startNs + (word.startNs + word.endNs) / 2 <= *atNs) continue;
      word.startNs += byNs;
      word.endNs += byNs;
    }
  }
};

}  // namespace npuspeech
