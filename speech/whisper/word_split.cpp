// SPDX-License-Identifier: LGPL-2.1-or-later
// Tokens to words, as openai/whisper's tokenizer.py and timing.py do it.
#include <algorithm>
#include <array>

#include "speech/whisper/word_timing.h"

namespace npuspeech {
namespace {

constexpr std::array<std::string_view, 6> kNoSpaces = {"zh", "ja", "th", "lo", "my", "yue"};
constexpr std::string_view kAsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
constexpr std::string_view kOpening[] = {"\"", "'", "“", "¿", "(", "[", "{", "-"};
constexpr std::string_view kClosing[] = {"\"", "'", ".",  "。", ",", "，", "!", "！", "?",
                                         "？", ":", "：", "”",  ")", "]",  "}", "、"};

bool isCompleteUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const unsigned char lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (i + length > text.size()) return false;
    i += length;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class Set>
bool contains(const Set& set, std::string_view text) {
  return std::find(std::begin(set), std::end(set), text) != std::end(set);
}

void join(TokenWord& into, const TokenWord& more) {
  into.text += more.text;
  into.firstToken = std::min(into.firstToken, more.firstToken);
  into.tokenCount += more.tokenCount;
}

// Opening marks go to the word behind them, closing ones to the word before.
std::vector<TokenWord> mergePunctuation(std::vector<TokenWord> words) {
  std::vector<TokenWord> merged;
  for (TokenWord& word : words) {
    const bool opensLast = !merged.empty() && merged.back().text.starts_with(' ') &&
                           contains(kOpening, trimmed(merged.back().text)) && !word.text.starts_with(' ');
    const bool closesLast =
        !merged.empty() && !merged.back().text.ends_with(' ') && contains(kClosing, word.text);
    if (opensLast || closesLast)
      join(merged.back(), word);
    else
      merged.push_back(std::move(word));
  }
  return merged;
}

}  // namespace

std::vector<TokenWord> splitWords(const Vocabulary& vocabulary, std::span<const Token> tokens,
                                  std::string_view language) {
  std::vector<TokenWord> characters;  // runs of tokens that end on a character's boundary
  TokenWord open;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (open.tokenCount == 0) open.firstToken = i;
    open.text += vocabulary.bytes(tokens[i]);
    ++open.tokenCount;
    if (!isCompleteUtf8(open.text)) continue;
    characters.push_back(std::move(open));
    open = {};
  }
  if (open.tokenCount) characters.push_back(std::move(open));
  if (contains(kNoSpaces, language)) return mergePunctuation(std::move(characters));

  std::vector<TokenWord> words;
  for (TokenWord& part : characters) {
    const std::string_view bare = trimmed(part.text);
    const bool punctuation = bare.empty() || kAsciiPunctuation.find(bare) != std::string_view::npos;
    if (words.empty() || part.text.starts_with(' ') || punctuation)
      words.push_back(std::move(part));
    else
      join(words.back(), part);
  }
  return mergePunctuation(std::move(words));
}

}  // namespace npuspeech
