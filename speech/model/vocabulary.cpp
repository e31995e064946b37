// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/vocabulary.h"

#include <algorithm>
#include <mutex>

#include "speech/model/byte_names.h"
#include "speech/model/byte_pair_encoder.h"
#include "speech/model/gpt2_words.h"
#include "speech/model/special_tokens.h"
#include "speech/model/suppression.h"
#include "speech/model/utf8.h"

namespace npuspeech {
namespace {

constexpr int kMaxHeads = 1 << 10;  // layers, and heads of one; Whisper has 32 and 20

}  // namespace

struct Vocabulary::Data {
  int size = 0;
  SpecialTokens special;
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

  Result<void> readText(const EntryList& entries, const std::string& path);
  Result<void> takeLists(const VocabularyParts& parts);
};

Result<void> Vocabulary::Data::readText(const EntryList& entries, const std::string& path) {
  ends.reserve(static_cast<size_t>(special.endOfText));
  for (size_t i = 0; i < static_cast<size_t>(special.endOfText); ++i) {
    if (!appendNamedBytes(entries[i], text))
      return badVocabulary(
          path, "entry " + std::to_string(i) + ", '" + std::string(entries[i]) + "', is not byte-level text");
    ends.push_back(static_cast<uint32_t>(text.size()));
  }
  return {};
}

Result<void> Vocabulary::Data::takeLists(const VocabularyParts& parts) {
  if (parts.suppressed) suppressed = *parts.suppressed;
  if (parts.suppressedFirst) suppressedFirst = *parts.suppressedFirst;
  const std::vector<Token>* const lists[] = {&suppressed, &suppressedFirst, &parts.languages};
  for (const auto* list : lists)
    for (const Token token : *list)
      if (token >= size)
        return badVocabulary(parts.configPath, "it lists token " + std::to_string(token) +
                                                   ", but the model has " + std::to_string(size));
  for (const auto& [layer, head] : parts.alignmentHeads) {
    if (layer >= kMaxHeads || head >= kMaxHeads)
      return badVocabulary(parts.configPath, "it has an alignment head [" + std::to_string(layer) + ", " +
                                                 std::to_string(head) + "]");
    heads.push_back({layer, head});
  }
  return {};
}

Vocabulary::Vocabulary(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;
Vocabulary::~Vocabulary() = default;

Result<void> Vocabulary::checkSize(int size, const std::string& path) {
  if (size >= 1 && size <= kMaxSize) return {};
  return badVocabulary(path, "the model claims to have " + std::to_string(size) + " tokens");
}

Result<Vocabulary> Vocabulary::create(const VocabularyParts& parts, int size) {
  if (auto checked = checkSize(size, parts.entriesPath); !checked) return checked.error();
  auto special = placeSpecialTokens(parts, size);
  if (!special) return special.error();
  Vocabulary vocabulary(std::make_unique<Data>());
  Data& data = *vocabulary.data_;
  data.size = size;
  data.special = std::move(*special);
  if (auto done = data.readText(parts.entries, parts.entriesPath); !done) return done.error();
  if (auto done = data.takeLists(parts); !done) return done.error();
  if (!parts.suppressed) data.suppressed = unspokenTokens(vocabulary);
  if (!parts.suppressedFirst) data.suppressedFirst = unspokenFirstTokens(vocabulary);
  return vocabulary;
}

int Vocabulary::size() const {
  return data_->size;
}
Token Vocabulary::endOfText() const {
  return data_->special.endOfText;
}
Token Vocabulary::startOfTranscript() const {
  return data_->special.startOfTranscript;
}
Token Vocabulary::translate() const {
  return data_->special.specials[kTranslate];
}
Token Vocabulary::transcribe() const {
  return data_->special.specials[kTranscribe];
}
Token Vocabulary::startOfLm() const {
  return data_->special.specials[kStartOfLm];
}
Token Vocabulary::startOfPrevious() const {
  return data_->special.specials[kStartOfPrevious];
}
Token Vocabulary::noSpeech() const {
  return data_->special.specials[kNoSpeech];
}
Token Vocabulary::noTimestamps() const {
  return data_->special.specials[kNoTimestamps];
}
Token Vocabulary::firstTimestamp() const {
  return data_->special.specials[kFirstTimestamp];
}
int Vocabulary::timestamps() const {
  return data_->special.timestamps;
}
bool Vocabulary::multilingual() const {
  return data_->special.isMultilingual;
}
const std::vector<std::string>& Vocabulary::languages() const {
  return data_->special.languages;
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
  const auto found = std::find(data_->special.languages.begin(), data_->special.languages.end(), code);
  if (found == data_->special.languages.end()) return std::nullopt;
  return startOfTranscript() + 1 + static_cast<Token>(found - data_->special.languages.begin());
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
