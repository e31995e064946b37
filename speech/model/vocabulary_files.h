// SPDX-License-Identifier: LGPL-2.1-or-later
// What a model folder's text files say, before it is understood.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "speech/model/entry_list.h"

namespace npuspeech {

/// The parts of config.json that concern tokens and heads. An empty list where the file has none, or null.
struct ModelConfig {
  std::vector<int32_t> suppressed, suppressedFirst, languages;
  std::vector<std::pair<int32_t, int32_t>> alignmentHeads;
};

/// The parsers take a whole file; `path` is for the errors, which are BadFile. At most `most` entries.
Result<EntryList> parseVocabularyJson(std::string_view text, const std::string& path, size_t most);
Result<EntryList> parseVocabularyText(std::string_view text, const std::string& path, size_t most);
/// vocab.json: an object that gives each entry its token.
Result<EntryList> parseNumberedVocabulary(std::string_view text, const std::string& path, size_t most);
/// The same object as it stands in tokenizer.json, without the tokens that are added to it.
Result<EntryList> parseTokenizerVocabulary(std::string_view text, const std::string& path, size_t most);
Result<ModelConfig> parseConfig(std::string_view text, const std::string& path);
/// added_tokens.json: an object that gives each special token's name its token. At most `most`.
Result<std::map<std::string, int32_t, std::less<>>> parseNamedTokens(std::string_view text,
                                                                     const std::string& path, size_t most);
/// The tokens that tokenizer.json adds to its vocabulary, by name. At most `most`.
Result<std::map<std::string, int32_t, std::less<>>> parseAddedTokens(std::string_view text,
                                                                     const std::string& path, size_t most);

}  // namespace npuspeech
