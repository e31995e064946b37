// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <unordered_map>

#include "speech/model/byte_names.h"
#include "speech/model/byte_pair_encoder.h"
#include "speech/model/gpt2_words.h"
#include "speech/model/mapped_file.h"
#include "speech/model/utf8.h"
#include "speech/model/vocabulary_files.h"

namespace npuspeech {
namespace {

constexpr int kMaxSize = 1 << 20;             // tokens; Whisper has 51,866
constexpr int kBytes = 256;                   // each has a text token
constexpr int kMaxHeads = 1 << 10;            // layers, and heads of one; Whisper has 32 and 20
constexpr int kPublishedTimestamps = 1501;    // 0 to 30 s; openai/whisper, tokenizer.py
constexpr int kSmallestMultilingual = 51865;  // tokens; openai/whisper, model.py, is_multilingual

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
constexpr std::array<std::string_view, kSpecials> kSpecialNames = {
    "<|translate|>", "<|transcribe|>",   "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>",  "<|notimestamps|>", "<|0.00|>"};
constexpr std::string_view kNoSpeechBefore = "<|nocaptions|>";  // its name in older models

std::string_view textOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

Error badVocabulary(const std::string& path, const std::string& what) {
  std::string message = "'";
  message.append(path).append("' is not a usable Whisper vocabulary: ").append(what);
  return {ErrorCode::BadFile, message + ". Fetch or convert the model again."};
}

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

/// Tokens by name: the vocabulary's, and those that only tokenizer.json names.
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
  bool complete() const {
    return token("<|endoftext|>") && token("<|startoftranscript|>") && token("<|transcribe|>") &&
           token("<|0.00|>");
  }

 private:
  std::unordered_map<std::string, Token> tokens_;
  std::unordered_map<Token, std::string> names_;
};

/// Also where it cannot be looked at (a circle of links, no permission): opening it says why.
bool isThere(const std::string& path) {
  std::error_code failure;
  return std::filesystem::exists(path, failure) || failure;
}

Result<EntryList> readEntries(const std::string& folder, size_t size, std::string& path) {
  path = folder + "/vocabulary.json";
  const bool json = isThere(path);
  if (!json && isThere(folder + "/vocabulary.txt")) path = folder + "/vocabulary.txt";
  const auto file = MappedFile::open(path);
  if (!file) return file.error();
  return json ? parseVocabularyJson(textOf(**file), path, size)
              : parseVocabularyText(textOf(**file), path, size);
}

}  // namespace

struct Vocabulary::Data {
  int size = 0;
  Token endOfText = 0, startOfTranscript = 0;
  std::array<Token, kSpecials> specials{};
  int timestamps = 0;
  bool multilingual = false;
  std::vector<std::string> languages;
  std::string text;            // of all text tokens
  std::vector<uint32_t> ends;  // of each in `text`
  std::vector<Token> suppressed, suppressedFirst;
  std::vector<Head> heads;

  mutable std::once_flag encoderMade;
  mutable std::optional<Result<BytePairEncoder>> encoder;  // made by the first encode()

  std::string_view bytes(Token token) const {
    const auto i = static_cast<size_t>(token);
    if (token < 0 || i >= ends.size()) return {};
    const uint32_t begin = i ? ends[i - 1] : 0;
    return std::string_view(text).substr(begin, ends[i] - begin);
  }

  Result<void> placeSpecials(const SpecialNames& names, int entries, const std::string& path);
  Result<void> readLanguages(const SpecialNames& names, const std::vector<Token>& listed,
                             const std::string& path);
  Result<void> readText(const EntryList& entries, const std::string& path);
  Result<void> takeConfig(const ModelConfig& config, const std::string& path);
};

Result<void> Vocabulary::Data::placeSpecials(const SpecialNames& names, int entries,
                                             const std::string& path) {
  // A vocabulary of text tokens alone ends where the special ones begin.
  endOfText = names.token("<|endoftext|>").value_or(entries);
  startOfTranscript = names.token("<|startoftranscript|>").value_or(endOfText + 1);

  std::array<std::optional<Token>, kSpecials> named;
  for (size_t i = 0; i < kSpecials; ++i) named[i] = names.token(kSpecialNames[i]);
  if (!named[kNoSpeech]) named[kNoSpeech] = names.token(kNoSpeechBefore);
  const auto first =
      std::find_if(named.begin(), named.end(), [](const auto& token) { return token.has_value(); });
  // Those without a name follow from a neighbour's place, or from the timestamps, which are the last.
  const int anchor = first == named.end() ? size - kPublishedTimestamps - kFirstTimestamp
                                          : **first - static_cast<int>(first - named.begin());
  Token last = startOfTranscript;
  for (size_t i = 0; i < kSpecials; ++i) {
    specials[i] = named[i].value_or(anchor + static_cast<int>(i));
    if (specials[i] <= last || specials[i] >= size || endOfText >= startOfTranscript || endOfText < kBytes)
      return badVocabulary(path, "its " + std::to_string(entries) + " entries would make '" +
                                     std::string(kSpecialNames[i]) + "' token " +
                                     std::to_string(specials[i]) + " of a model that has " +
                                     std::to_string(size));
    last = specials[i];
  }
  const bool listed = last < entries;
  for (timestamps = 1; names.name(last + timestamps) == timestampName(timestamps);) ++timestamps;
  if (!listed) timestamps = std::min(kPublishedTimestamps, size - last);
  return {};
}

Result<void> Vocabulary::Data::readLanguages(const SpecialNames& names, const std::vector<Token>& listed,
                                             const std::string& path) {
  const Token first = startOfTranscript + 1;
  for (Token token = first; token < specials[kTranslate]; ++token) {
    const std::string_view code = languageCode(names.name(token));
    if (code.empty()) break;
    languages.emplace_back(code);
  }
  // English-only models have the tokens of all languages too, but do not list that of English.
  const bool byList = std::find(listed.begin(), listed.end(), first) != listed.end();
  multilingual = listed.empty() ? size >= kSmallestMultilingual : byList && languages.size() > 1;
  if (!multilingual) languages = {"en"};
  if (languages.empty()) return badVocabulary(path, "it names no languages");
  return {};
}

Result<void> Vocabulary::Data::readText(const EntryList& entries, const std::string& path) {
  ends.reserve(static_cast<size_t>(endOfText));
  for (size_t i = 0; i < static_cast<size_t>(endOfText); ++i) {
    if (!appendNamedBytes(entries[i], text))
      return badVocabulary(
          path, "entry " + std::to_string(i) + ", '" + std::string(entries[i]) + "', is not byte-level text");
    ends.push_back(static_cast<uint32_t>(text.size()));
  }
  return {};
}

Result<void> Vocabulary::Data::takeConfig(const ModelConfig& config, const std::string& path) {
  for (const auto* list : {&config.suppressed, &config.suppressedFirst, &config.languages})
    for (const Token token : *list)
      if (token >= size)
        return badVocabulary(
            path, "it lists token " + std::to_string(token) + ", but the model has " + std::to_string(size));
  for (const auto& [layer, head] : config.alignmentHeads) {
    if (layer >= kMaxHeads || head >= kMaxHeads)
      return badVocabulary(
          path, "it has an alignment head [" + std::to_string(layer) + ", " + std::to_string(head) + "]");
    heads.push_back({layer, head});
  }
  suppressed = config.suppressed;
  suppressedFirst = config.suppressedFirst;
  return {};
}

Vocabulary::Vocabulary(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;
Vocabulary::~Vocabulary() = default;

Result<Vocabulary> Vocabulary::load(const std::string& folder, int size) {
  std::string path;
  if (size < 1 || size > kMaxSize)
    return badVocabulary(folder, "the model claims to have " + std::to_string(size) + " tokens");
  const auto entries = readEntries(folder, static_cast<size_t>(size), path);
  if (!entries) return entries.error();

  SpecialNames names(*entries);
  const std::string tokenizerPath = folder + "/tokenizer.json";
  if (!names.complete() && isThere(tokenizerPath)) {
    const auto tokenizer = MappedFile::open(tokenizerPath);
    if (!tokenizer) return tokenizer.error();
    const auto added = parseAddedTokens(textOf(**tokenizer), tokenizerPath, static_cast<size_t>(size));
    if (!added) return added.error();
    for (const auto& [name, token] : *added) names.add(name, token);
  }

  const std::string configPath = folder + "/config.json";
  const auto configFile = MappedFile::open(configPath);
  if (!configFile) return configFile.error();
  const auto config = parseConfig(textOf(**configFile), configPath);
  if (!config) return config.error();

  auto data = std::make_unique<Data>();
  data->size = size;
  if (auto done = data->placeSpecials(names, static_cast<int>(entries->size()), path); !done)
    return done.error();
  if (auto done = data->readText(*entries, path); !done) return done.error();
  if (auto done = data->takeConfig(*config, configPath); !done) return done.error();
  if (auto done = data->readLanguages(names, config->languages, path); !done) return done.error();
  return Vocabulary(std::move(data));
}

int Vocabulary::size() const {
  return data_->size;
}
Token Vocabulary::endOfText() const {
  return data_->endOfText;
}
Token Vocabulary::startOfTranscript() const {
  return data_->startOfTranscript;
}
Token Vocabulary::translate() const {
  return data_->specials[kTranslate];
}
Token Vocabulary::transcribe() const {
  return data_->specials[kTranscribe];
}
Token Vocabulary::startOfLm() const {
  return data_->specials[kStartOfLm];
}
Token Vocabulary::startOfPrevious() const {
  return data_->specials[kStartOfPrevious];
}
Token Vocabulary::noSpeech() const {
  return data_->specials[kNoSpeech];
}
Token Vocabulary::noTimestamps() const {
  return data_->specials[kNoTimestamps];
}
Token Vocabulary::firstTimestamp() const {
  return data_->specials[kFirstTimestamp];
}
int Vocabulary::timestamps() const {
  return data_->timestamps;
}
bool Vocabulary::multilingual() const {
  return data_->multilingual;
}
const std::vector<std::string>& Vocabulary::languages() const {
  return data_->languages;
}
std::string_view Vocabulary::bytes(Token token) const {
  return data_->bytes(token);
}
const std::vector<Token>& Vocabulary::suppressed() const {
  return data_->suppressed;
}
const std::vector<Token>& Vocabulary::suppressedFirst() const {
  return data_->suppressedFirst;
}
const std::vector<Vocabulary::Head>& Vocabulary::alignmentHeads() const {
  return data_->heads;
}

std::optional<Token> Vocabulary::languageToken(std::string_view code) const {
  const auto found = std::find(data_->languages.begin(), data_->languages.end(), code);
  if (found == data_->languages.end()) return std::nullopt;
  return startOfTranscript() + 1 + static_cast<Token>(found - data_->languages.begin());
}

Result<std::vector<Token>> Vocabulary::encode(std::string_view text) const {
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Step step = utf8Step(rest);
    if (step.kind != Utf8Step::Character)
      return Error{ErrorCode::BadValue, "The text is not valid UTF-8 at its byte " +
                                            std::to_string(text.size() - rest.size()) + "."};
    rest.remove_prefix(step.length);
  }
  std::call_once(data_->encoderMade, [this] {
    std::vector<std::string_view> tokens;
    for (Token token = 0; token < endOfText(); ++token) tokens.push_back(bytes(token));
    data_->encoder = BytePairEncoder::create(tokens);
  });
  const Result<BytePairEncoder>& encoder = *data_->encoder;
  if (!encoder) return encoder.error();
  std::vector<Token> tokens;
  for (const std::string_view word : gpt2Words(text))
    if (auto done = encoder->encode(word, tokens); !done) return done.error();
  return tokens;
}

}  // namespace npuspeech
