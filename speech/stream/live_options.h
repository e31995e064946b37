// SPDX-License-Identifier: LGPL-2.1-or-later
// What decides how soon live text is committed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace npuspeech {

/// When a word of a live stream is committed, which means that it is given out for good. Rows are those of
/// the encoder, 20 ms each. The defaults are right for most uses; bench/live measures others.
struct LiveOptions {
  /// A word is committed only if the newest audio that the decoder looked at for it is at least this many
  /// rows before the end of the window, because audio that is still to come may change later words.
  int marginRows = 50;
  /// The same distance for a sure word: one that the window before has read too, and that has at least the
  /// probability `sureProbability`.
  int sureMarginRows = 16;
  /// The least probability of a sure word, from 0 to 1.
  float sureProbability = 0.9f;
  /// The shortest window in ns whose words may be committed, where nothing of the utterance is committed yet.
  int64_t firstNs = 3'000'000'000;
  /// A word for which the decoder looked back by more than this many rows is taken for lost, and is not
  /// committed.
  int rewindRows = 200;
  /// From this length in ns on, a window gives up the audio at its beginning whose words are committed.
  int64_t trimNs = 24'000'000'000;
  /// How much audio in ns at the end of a window is always kept.
  int64_t keepNs = 14'000'000'000;
  /// How many tokens of committed text the decoder is still told once their audio is gone.
  size_t contextTokens = 64;

  bool operator==(const LiveOptions&) const = default;
};

}  // namespace npuspeech
