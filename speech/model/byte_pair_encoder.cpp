// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/byte_pair_encoder.h"

#include <sentencepiece_processor.h>

#include <bit>
#include <bitset>
#include <string>
#include <unordered_set>

#include "speech/model/byte_names.h"

namespace npuspeech {
namespace {

/// Protocol buffer wire format, as far as SentencePiece's ModelProto needs it.
class Message {
 public:
  void number(int field, uint64_t value) {
    varint(static_cast<uint64_t>(field) << 3);
    varint(value);
  }
  void real(int field, float value) {
    varint(static_cast<uint64_t>(field) << 3 | 5);
    for (auto bits = std::bit_cast<uint32_t>(value), i = 0u; i < 4; ++i, bits >>= 8)
      bytes_ += static_cast<char>(bits);
  }
  void text(int field, std::string_view value) {
    varint(static_cast<uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// Field numbers and values of sentencepiece_model.proto.
constexpr int kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3;  // ModelProto
constexpr int kPiece = 1, kScore = 2, kType = 3;                   // ModelProto.SentencePiece
constexpr uint64_t kUnknown = 2;                                   // ModelProto.SentencePiece.Type
constexpr int kModelType = 3;                                      // TrainerSpec
constexpr uint64_t kBpe = 2;                                       // TrainerSpec.ModelType
constexpr int kAddDummyPrefix = 3, kRemoveExtraSpaces = 4, kEscapeSpaces = 5;  // NormalizerSpec

/// SentencePiece sees the names of bytes, so each byte is one character for it. Pieces that come first in the
/// vocabulary have the higher score, and are merged first.
std::string pieceMessage(std::string_view bytes, size_t rank) {
  Message piece;
  piece.text(kPiece, nameOfBytes(bytes));
  piece.real(kScore, -static_cast<float>(rank));
  return piece.bytes();
}

std::string modelTail() {
  Message unknown, trainer, normalizer, tail;
  unknown.text(kPiece, "<unk>");  // required; never chosen, since every byte has a token
  unknown.number(kType, kUnknown);
  trainer.number(kModelType, kBpe);
  for (const int field : {kAddDummyPrefix, kRemoveExtraSpaces, kEscapeSpaces}) normalizer.number(field, 0);
  tail.text(kPieces, unknown.bytes());
  tail.text(kTrainerSpec, trainer.bytes());
  tail.text(kNormalizerSpec, normalizer.bytes());
  return tail.bytes();
}

}  // namespace

BytePairEncoder::BytePairEncoder() : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {}
BytePairEncoder::BytePairEncoder(BytePairEncoder&&) noexcept = default;
BytePairEncoder& BytePairEncoder::operator=(BytePairEncoder&&) noexcept = default;
BytePairEncoder::~BytePairEncoder() = default;

Result<BytePairEncoder> BytePairEncoder::create(const std::vector<std::string_view>& tokens) {
  BytePairEncoder encoder;
  Message model;
  std::unordered_set<std::string_view> seen{"<unk>"};
  std::bitset<256> bytes;
  for (size_t rank = 0; rank < tokens.size(); ++rank) {
    if (tokens[rank].empty() || !seen.insert(tokens[rank]).second) continue;
    if (tokens[rank].size() == 1) bytes.set(static_cast<uint8_t>(tokens[rank][0]));
    model.text(kPieces, pieceMessage(tokens[rank], rank));
    encoder.tokenOfPiece_.push_back(static_cast<int32_t>(rank));
  }
  if (!bytes.all())
    return Error{ErrorCode::BadFile,
                 "The model's vocabulary lacks tokens for single bytes; prompts need them."};
  const auto status = encoder.processor_->LoadFromSerializedProto(model.bytes() + modelTail());
  if (!status.ok())
    return Error{ErrorCode::Internal, "SentencePiece refused the vocabulary: " + status.ToString()};
  return encoder;
}

Result<void> BytePairEncoder::encode(std::string_view word, std::vector<int32_t>& tokens) const {
  std::vector<int> pieces;
  const auto status = processor_->Encode(nameOfBytes(word), &pieces);
  if (!status.ok()) return Error{ErrorCode::Internal, "SentencePiece failed: " + status.ToString()};
  for (const int piece : pieces) {
    if (piece < 0 || static_cast<size_t>(piece) >= tokenOfPiece_.size())
      return Error{ErrorCode::Internal, "SentencePiece found a piece that has no token."};
    tokens.push_back(tokenOfPiece_[static_cast<size_t>(piece)]);
  }
  return {};
}

}  // namespace npuspeech
