// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's tokens: text bytes, special tokens by name, and encoding of prompts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace npuspeech {

using Token = int32_t;

/// A model folder's vocabulary. Immutable; thread-safe.
class Vocabulary {
 public:
  /// Reads vocabulary.json or vocabulary.txt in `folder` (an entry a token, byte-level BPE text) and
  /// config.json (its suppress lists, languages and alignment heads). Special tokens are found by name. Where
  /// the vocabulary lacks some, tokenizer.json is asked, and what is left follows from the order that all
  /// Whisper models share. `size`: the tokens that the model has, up to 2^20. Errors: NotFound, BadFile.
  static Result<Vocabulary> load(const std::string& folder, int size);
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
  /// Whisper's suppress lists from config.json (`suppress_ids`, `suppress_ids_begin`), checked to be in
  /// range.
  const std::vector<Token>& suppressed() const;
  const std::vector<Token>& suppressedFirst() const;
  struct Head {
    int layer, head;
    bool operator==(const Head&) const = default;
  };
  /// From config.json's alignment_heads, each number below 1024, to be checked against the model's; empty
  /// where the file has none.
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
