// SPDX-License-Identifier: LGPL-2.1-or-later
// What the files of a model say of its tokens, whatever their format.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "speech/model/entry_list.h"
#include "speech/model/token.h"

namespace npuspeech {

/// Vocabulary::create() checks all of it and adds what the files leave out.
struct VocabularyParts {
  std::string entriesPath;  // the file of the entries, for errors
  /// Each as GPT-2 names its bytes (speech/model/byte_names.h). Special tokens may follow those of text.
  EntryList entries;
  /// Special tokens that a file names outside of the entries.
  std::map<std::string, Token, std::less<>> added;

  std::string configPath;              // the file of what follows, for errors
  std::vector<Token> languages;        // the tokens of the languages that the model knows; empty: not listed
  std::optional<bool> isMultilingual;  // none: told by the languages listed, or else by the vocabulary's size
  /// Tokens that are never said, and those that are not said first. None: openai/whisper's own.
  std::optional<std::vector<Token>> suppressed, suppressedFirst;
  std::vector<std::pair<int32_t, int32_t>> alignmentHeads;  // layer and head
};

}  // namespace npuspeech
