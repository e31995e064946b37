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

namespace npuspeech {

/// A vocabulary's entries, in the order of their tokens; one string holds all.
class EntryList {
 public:
  void add(std::string_view entry) {
    text_ += entry;
    ends_.push_back(static_cast<uint32_t>(text_.size()));
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const uint32_t begin = i ? ends_[i - 1] : 0;
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string text_;
  std::vector<uint32_t> ends_;
};

/// The parts of config.json that concern tokens and heads. An empty list where the file has none, or null.
struct ModelConfig {
  std::vector<int32_t> suppressed, suppressedFirst, languages;
  std::vector<std::pair<int32_t, int32_t>> alignmentHeads;
};

/// The parsers take a whole file; `path` is for the errors, which are BadFile. At most `most` entries.
Result<EntryList> parseVocabularyJson(std::string_view text, const std::string& path, size_t most);
Result<EntryList> parseVocabularyText(std::string_view text, const std::string& path, size_t most);
Result<ModelConfig> parseConfig(std::string_view text, const std::string& path);
/// The tokens that tokenizer.json adds to its vocabulary, by name. At most `most`.
Result<std::map<std::string, int32_t, std::less<>>> parseAddedTokens(std::string_view text,
                                                                     const std::string& path, size_t most);

}  // namespace npuspeech
