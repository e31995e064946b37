// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/gpt2_words.h"

#include <utf8proc.h>

#include <cstddef>

#include "speech/model/utf8.h"

namespace npuspeech {
namespace {

enum class Class { Letter, Number, Space, Other };

Class classOf(char32_t character) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Class::Letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Class::Number;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Class::Space;
    default:
      break;
  }
  // Of the control characters, these have the property White_Space.
  const bool space = (character >= '\t' && character <= '\r') || character == 0x85;
  return space ? Class::Space : Class::Other;
}

/// A run of characters of one class at the start of `text`.
struct Run {
  Class kind = Class::Other;
  size_t length = 0;      // bytes
  size_t lastLength = 0;  // bytes of the last character
};

Run runAt(std::string_view text) {
  Run run;
  while (run.length < text.size()) {
    const Utf8Step step = utf8Step(text.substr(run.length));
    const Class kind = classOf(step.character);
    if (run.length > 0 && kind != run.kind) break;
    run.kind = kind;
    run.lastLength = step.length;
    run.length += step.length;
  }
  return run;
}

size_t contractionAt(std::string_view text) {
  for (const std::string_view contraction : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
    if (text.starts_with(contraction)) return contraction.size();
  return 0;
}

size_t wordAt(std::string_view text) {
  if (const size_t length = contractionAt(text)) return length;
  const Run run = runAt(text);
  if (run.kind != Class::Space) return run.length;
  if (run.length == text.size()) return run.length;
  // The last space before a word is the word's, if it is U+0020, else it stands alone.
  if (run.length > run.lastLength) return run.length - run.lastLength;
  return text[0] == ' ' ? 1 + runAt(text.substr(1)).length : run.length;
}

}  // namespace

std::vector<std::string_view> gpt2Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, wordAt(text)));
    text.remove_prefix(words.back().size());
  }
  return words;
}

}  // namespace npuspeech
