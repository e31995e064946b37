// SPDX-License-Identifier: LGPL-2.1-or-later
// Byte-pair encoding with a given vocabulary. SentencePiece does the merges.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace npuspeech {

/// Joins the pair of pieces whose union comes first in the vocabulary, again and again. Immutable;
/// thread-safe.
class BytePairEncoder {
 public:
  /// `tokens[i]` are the bytes of token i; empty ones and repetitions are never chosen. Takes about 30 ms for
  /// Whisper's 50,000. Errors: BadFile where a byte has no token of its own.
  static Result<BytePairEncoder> create(const std::vector<std::string_view>& tokens);
  BytePairEncoder(BytePairEncoder&&) noexcept;
  BytePairEncoder& operator=(BytePairEncoder&&) noexcept;
  ~BytePairEncoder();

  /// Appends the tokens of one word.
  Result<void> encode(std::string_view word, std::vector<int32_t>& tokens) const;

 private:
  BytePairEncoder();
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  std::vector<int32_t> tokenOfPiece_;
};

}  // namespace npuspeech
