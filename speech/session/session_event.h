// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out of a session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "speech/text/word.h"

namespace npuspeech {

/// What was understood of one window of sound. All times are in ns and those of the stream.
struct SessionText {
  /// Where the window begins.
  int64_t startNs = 0;
  /// Where it ends.
  int64_t endNs = 0;
  /// Which utterance it belongs to. Utterances count up; numbers may be left out.
  uint64_t utterance = 0;
  /// The words that are certain now and were not before. They are never taken back, and follow those of
  /// earlier events in time.
  std::vector<Word> words;
  /// What may follow them. It replaces the interim text of the event before, and later events may say
  /// otherwise.
  std::vector<Word> interim;
  /// Whether the utterance is over: all of its words have come.
  bool endsUtterance = false;
  /// The language that is spoken, as an ISO 639-1 code; empty where that is not known yet.
  std::string language;
};

/// A stretch of the stream in which nobody speaks.
struct SessionGap {
  /// Where it begins, in ns of the stream.
  int64_t startNs = 0;
  /// How long it is, in ns; nothing where the source has stalled and nobody knows.
  std::optional<int64_t> durationNs;
};

/// An Error is the last event until the session is reset.
using SessionEvent = std::variant<SessionText, SessionGap, Error>;

}  // namespace npuspeech
