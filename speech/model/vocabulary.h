// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's tokens: text bytes, special tokens by name, and encoding of prompts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "speech/model/token.h"

namespace npuspeech {

struct VocabularyParts;

/// A model's vocabulary. Immutable; thread-safe.
class Vocabulary {
 public:
  /// The most tokens that a model may have; Whisper has 51,866.
  static constexpr int kMaxSize = 1 << 20;
  /// Errors: BadFile, in the name of `path`, where `size` is not in [1, kMaxSize].
  static Result<void> checkSize(int size, const std::string& path);
  /// From what a model's files say. `size`: the tokens that the model has. Errors: BadFile.
  static Result<Vocabulary> create(const VocabularyParts& parts, int size);
  Vocabulary(Vocabulary&&) noexcept;
  Vocabulary& operator=(Vocabulary&&) noexcept;
  ~Vocabulary();

  int size() const;
  Token endOfText() const, startOfTranscript() const, translate() const, transcribe() const,
      startOfLm() const;
  Token startOfPrevious() const, noSpeech() const, noTimestamps() const;
  /// Timestamp t stands for t * 0.02 s.
  Token firstTimestamp() const;
  int timestamps() const;
  bool isText(Token token) const { return token >= 0 && token < endOfText(); }
  bool isTimestamp(Token token) const {
    return token >= firstTimestamp() && token < firstTimestamp() + timestamps();
  }

  /// More than one language: prompts carry language and task.
  bool multilingual() const;
  /// ISO 639-1 codes (some of three letters) in token order; tokens are startOfTranscript() + 1 + index. Only
  /// "en" where not multilingual().
  const std::vector<std::string>& languages() const;
  std::optional<Token> languageToken(std::string_view code) const;

  /// The bytes that a text token stands for; empty for special tokens. May be part of a UTF-8 sequence.
  std::string_view bytes(Token token) const;
  /// Tokens that are never said, and those that a text does not begin with; all are below size().
  const std::vector<Token>& suppressed() const;
  const std::vector<Token>& suppressedFirst() const;
  struct Head {
    int layer, head;
    bool operator==(const Head&) const = default;
  };
  /// The heads of the decoder's cross-attention that follow the words in time. Each number is below 1024 and
  /// has to be checked against the model's sizes; empty where none are known.
  const std::vector<Head>& alignmentHeads() const;

  /// Text tokens of `text` (UTF-8) by byte-level BPE, for prompts: names of special tokens in it are text
  /// like any other. The first call prepares the encoder (tens of milliseconds). Errors: BadValue for broken
  /// UTF-8, BadFile where the vocabulary cannot encode every byte.
  Result<std::vector<Token>> encode(std::string_view text) const;

 private:
  struct Data;
  explicit Vocabulary(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

}  // namespace npuspeech
