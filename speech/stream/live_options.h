// SPDX-License-Identifier: LGPL-2.1-or-later
// What decides how soon live text is committed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace npuspeech {

/// Rows are those of the encoder, 20 ms each.
struct LiveOptions {
  int marginRows = 50;      // at the audio's end: words that look there may still change,
  int sureMarginRows = 16;  // but for sure ones, which the window before has said too
  float sureProbability = 0.9f;
  int64_t firstNs = 3'000'000'000;  // nothing is certain in a shorter window that begins an utterance
  int rewindRows = 200;             // attention that jumps back so far is lost
  int64_t trimNs = 24'000'000'000;  // longer windows give up the audio of committed text,
  int64_t keepNs = 14'000'000'000;  // but for at least this much at the end
  size_t contextTokens = 64;        // of committed text whose audio is gone

  bool operator==(const LiveOptions&) const = default;
};

}  // namespace npuspeech
