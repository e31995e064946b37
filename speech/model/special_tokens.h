// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a vocabulary has its special tokens and languages.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/result.h"
#include "speech/model/vocabulary_parts.h"

namespace npuspeech {

/// The special tokens behind the languages, in the order that every Whisper model has them.
enum Special {
  kTranslate,
  kTranscribe,
  kStartOfLm,
  kStartOfPrevious,
  kNoSpeech,
  kNoTimestamps,
  kFirstTimestamp,
  kSpecials
};

struct SpecialTokens {
  Token endOfText = 0, startOfTranscript = 0;
  std::array<Token, kSpecials> specials{};
  int timestamps = 0;
  bool isMultilingual = false;
  std::vector<std::string> languages;  // codes, in the order of their tokens
};

/// Finds them by name. What no file names follows from the order that all Whisper models share. `size`: the
/// tokens that the model has. Errors: BadFile.
Result<SpecialTokens> placeSpecialTokens(const VocabularyParts& parts, int size);

/// Whether the entries alone name enough special tokens to place all.
bool nameSpecialTokens(const EntryList& entries);

/// A BadFile error of a file that says something of tokens.
Error badVocabulary(const std::string& path, const std::string& what);

}  // namespace npuspeech
