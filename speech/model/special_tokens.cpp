// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/special_tokens.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "speech/model/languages.h"

namespace npuspeech {
namespace {

constexpr int kBytes = 256;                   // each has a text token
constexpr int kPublishedTimestamps = 1501;    // 0 to 30 s; openai/whisper, tokenizer.py
constexpr int kSmallestMultilingual = 51865;  // tokens; openai/whisper, model.py, is_multilingual

constexpr std::array<std::string_view, kSpecials> kSpecialNames = {
    "<|translate|>", "<|transcribe|>",   "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>",  "<|notimestamps|>", "<|0.00|>"};
constexpr std::string_view kNoSpeechBefore = "<|nocaptions|>";  // its name in older models

std::string timestampName(int index) {
  char name[24];
  std::snprintf(name, sizeof name, "<|%d.%02d|>", index / 50, index % 50 * 2);
  return name;
}

/// "en" of "<|en|>"; empty for what is no language's token.
std::string_view languageCode(std::string_view name) {
  if (name.size() < 6 || name.size() > 7 || !name.starts_with("<|") || !name.ends_with("|>")) return {};
  const std::string_view code = name.substr(2, name.size() - 4);
  return std::all_of(code.begin(), code.end(), [](char c) { return c >= 'a' && c <= 'z'; })
             ? code
             : std::string_view();
}

/// Tokens by name, and back.
class SpecialNames {
 public:
  explicit SpecialNames(const EntryList& entries) {
    for (size_t i = 0; i < entries.size(); ++i)
      if (entries[i].starts_with("<|") && entries[i].ends_with("|>"))
        add(std::string(entries[i]), static_cast<Token>(i));
  }
  void add(std::string name, Token token) {
    names_.emplace(token, name);
    tokens_.emplace(std::move(name), token);
  }
  std::optional<Token> token(std::string_view name) const {
    const auto found = tokens_.find(std::string(name));
    return found == tokens_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string_view name(Token token) const {
    const auto found = names_.find(token);
    return found == names_.end() ? std::string_view() : found->second;
  }

 private:
  std::unordered_map<std::string, Token> tokens_;
  std::unordered_map<Token, std::string> names_;
};

Result<void> place(SpecialTokens& tokens, const SpecialNames& names, const VocabularyParts& parts, int size) {
  const auto entries = static_cast<int>(parts.entries.size());
  // A vocabulary of text tokens alone ends where the special ones begin.
  tokens.endOfText = names.token("<|endoftext|>").value_or(entries);
  tokens.startOfTranscript = names.token("<|startoftranscript|>").value_or(tokens.endOfText + 1);
  if (tokens.endOfText > entries)
    return badVocabulary(parts.entriesPath, "it has " + std::to_string(entries) +
                                                " entries, but the text ends with token " +
                                                std::to_string(tokens.endOfText));

  std::array<std::optional<Token>, kSpecials> named;
  for (size_t i = 0; i < kSpecials; ++i) named[i] = names.token(kSpecialNames[i]);
  if (!named[kNoSpeech]) named[kNoSpeech] = names.token(kNoSpeechBefore);
  const auto first =
      std::find_if(named.begin(), named.end(), [](const auto& token) { return token.has_value(); });
  // Those without a name follow from a neighbour's place, or from the timestamps, which are the last.
  const int anchor = first == named.end() ? size - kPublishedTimestamps - kFirstTimestamp
                                          : **first - static_cast<int>(first - named.begin());
  Token last = tokens.startOfTranscript;
  for (size_t i = 0; i < kSpecials; ++i) {
    const Token token = tokens.specials[i] = named[i].value_or(anchor + static_cast<int>(i));
    if (token <= last || token >= size || tokens.endOfText >= tokens.startOfTranscript ||
        tokens.endOfText < kBytes)
      return badVocabulary(parts.entriesPath, "its " + std::to_string(entries) + " entries would make '" +
                                                  std::string(kSpecialNames[i]) + "' token " +
                                                  std::to_string(token) + " of a model that has " +
                                                  std::to_string(size));
    last = token;
  }
  int& count = tokens.timestamps;
  for (count = 1; names.name(last + count) == timestampName(count);) ++count;
  if (last >= entries && count == 1) count = std::min(kPublishedTimestamps, size - last);
  return {};
}

/// The codes of the tokens between the transcript's start and the first special token behind them.
std::vector<std::string> languagesOf(const SpecialTokens& tokens, const SpecialNames& names) {
  const Token first = tokens.startOfTranscript + 1, end = tokens.specials[kTranslate];
  std::vector<std::string> codes;
  for (Token token = first; token < end; ++token) {
    const std::string_view code = languageCode(names.name(token));
    if (code.empty()) break;
    codes.emplace_back(code);
  }
  const auto count = static_cast<size_t>(std::max(0, end - first));
  if (codes.empty() && count <= kWhisperLanguages.size())
    codes.assign(kWhisperLanguages.begin(), kWhisperLanguages.begin() + count);
  return codes;
}

bool isMultilingual(const SpecialTokens& tokens, const VocabularyParts& parts, int size) {
  if (parts.isMultilingual) return *parts.isMultilingual && tokens.languages.size() > 1;
  if (parts.languages.empty()) return size >= kSmallestMultilingual;
  // English-only models have the tokens of all languages too, but do not list that of English.
  const Token first = tokens.startOfTranscript + 1;
  return std::find(parts.languages.begin(), parts.languages.end(), first) != parts.languages.end() &&
         tokens.languages.size() > 1;
}

}  // namespace

Error badVocabulary(const std::string& path, const std::string& what) {
  std::string message = "'";
  message.append(path).append("' is not a usable Whisper vocabulary: ").append(what);
  return {ErrorCode::BadFile, message + ". Fetch or convert the model again."};
}

bool nameSpecialTokens(const EntryList& entries) {
  const SpecialNames names(entries);
  return names.token("<|endoftext|>") && names.token("<|startoftranscript|>") &&
         names.token("<|transcribe|>") && names.token("<|0.00|>");
}

Result<SpecialTokens> placeSpecialTokens(const VocabularyParts& parts, int size) {
  SpecialNames names(parts.entries);
  for (const auto& [name, token] : parts.added)
    if (token < size) names.add(name, token);  // the model cannot say the others
  SpecialTokens tokens;
  if (auto placed = place(tokens, names, parts, size); !placed) return placed.error();
  tokens.languages = languagesOf(tokens, names);
  tokens.isMultilingual = isMultilingual(tokens, parts, size);
  if (!tokens.isMultilingual) tokens.languages = {"en"};
  if (tokens.languages.empty()) return badVocabulary(parts.entriesPath, "it names no languages");
  return tokens;
}

}  // namespace npuspeech
