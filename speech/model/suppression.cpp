// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/suppression.h"

#include <algorithm>
#include <bitset>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace npuspeech {
namespace {

/// Suppressed where one token says all of it, with or without a space before it.
constexpr std::string_view kWritten[] = {
    "\"",  "#",  "(",  ")",  "*",   "+",  "/",  ":",   ";",   "<",  "=",  ">",  "@",  "[",   "\\",  "]",
    "^",   "_",  "`",  "{",  "|",   "}",  "~",  "「",  "」",  "『", "』", "<<", ">>", "<<<", ">>>", "--",
    "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪",  "♪♪♪"};
/// Suppressed by their first token in any case: they share it with nothing but other such signs.
constexpr std::string_view kSigns[] = {"♩", "♪", "♫", "♬", "♭", "♮", "♯"};
/// Spoken inside of words, not before them.
constexpr std::string_view kWordStarts[] = {" -", " '"};

/// Byte-pair encoding of words of a few signs, by the few tokens that can be part of them: an encoder of all
/// text would take most of the time and memory of loading a vocabulary.
class SignEncoder {
 public:
  explicit SignEncoder(const Vocabulary& vocabulary) {
    std::bitset<256> wanted;
    const std::span<const std::string_view> all[] = {kWritten, kSigns, kWordStarts};
    for (const auto texts : all)
      for (const std::string_view text : texts)
        for (const char byte : text) wanted.set(static_cast<uint8_t>(byte));
    for (Token token = 0; token < vocabulary.endOfText(); ++token) {
      const std::string_view bytes = vocabulary.bytes(token);
      if (bytes.size() <= kLongest && std::all_of(bytes.begin(), bytes.end(), [&](char byte) {
            return wanted.test(static_cast<uint8_t>(byte));
          }))
        tokens_.emplace(bytes, token);
    }
  }

  /// Joins the pair whose union is the lowest token, leftmost first. Empty where a byte has no token.
  std::vector<Token> encode(std::string_view word) const {
    std::vector<std::string_view> pieces;
    for (size_t i = 0; i < word.size(); ++i) pieces.push_back(word.substr(i, 1));
    while (const auto pair = lowestPair(pieces)) {
      pieces[*pair] = {pieces[*pair].data(), pieces[*pair].size() + pieces[*pair + 1].size()};
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(*pair) + 1);
    }
    std::vector<Token> tokens;
    for (const std::string_view piece : pieces) {
      const auto found = tokens_.find(piece);
      if (found == tokens_.end()) return {};
      tokens.push_back(found->second);
    }
    return tokens;
  }

 private:
  static constexpr size_t kLongest = 16;  // bytes

  std::optional<size_t> lowestPair(const std::vector<std::string_view>& pieces) const {
    std::optional<size_t> place;
    Token lowest = 0;
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = tokens_.find({pieces[i].data(), pieces[i].size() + pieces[i + 1].size()});
      if (found == tokens_.end() || (place && found->second >= lowest)) continue;
      place = i;
      lowest = found->second;
    }
    return place;
  }

  std::unordered_map<std::string_view, Token> tokens_;  // the first of each
};

}  // namespace

std::vector<Token> unspokenTokens(const Vocabulary& vocabulary) {
  std::set<Token> tokens{vocabulary.startOfTranscript(), vocabulary.translate(),
                         vocabulary.transcribe(),        vocabulary.startOfLm(),
                         vocabulary.startOfPrevious(),   vocabulary.noSpeech()};
  const SignEncoder encoder(vocabulary);
  const auto add = [&](const std::string& word, bool onlyWhole) {
    const std::vector<Token> encoded = encoder.encode(word);
    if (encoded.size() == 1 || (!onlyWhole && !encoded.empty())) tokens.insert(encoded.front());
  };
  for (const std::string_view text : kWordStarts) add(std::string(text), false);
  for (const char* before : {"", " "}) {
    for (const std::string_view text : kWritten) add(std::string(before).append(text), true);
    for (const std::string_view text : kSigns) add(std::string(before).append(text), false);
  }
  return {tokens.begin(), tokens.end()};
}

std::vector<Token> unspokenFirstTokens(const Vocabulary& vocabulary) {
  std::vector<Token> tokens = SignEncoder(vocabulary).encode(" ");
  tokens.push_back(vocabulary.endOfText());
  return tokens;
}

}  // namespace npuspeech
