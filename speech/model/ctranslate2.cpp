// SPDX-License-Identifier: LGPL-2.1-or-later
// CTranslate2's model.bin. Little-endian: u32 version; string spec; u32 revision; u32 count; per variable:
// string name, u8 rank, u32 dims[rank], u8 type, u32 bytes, data; u32 aliases, each two strings: alias, name.
// A string is a u16 length that counts its final NUL, and its characters.
#include <string>

#include "speech/model/byte_reader.h"
#include "speech/model/tensor_parsers.h"

namespace npuspeech {
namespace {

constexpr uint32_t kVersion = 6;
constexpr uint8_t kTypes = 6;                                // TensorType's order is the file's
constexpr size_t kSmallestVariable = 2 + 2 + 1 + 1 + 4 + 1;  // one character of name, a scalar of one byte
constexpr size_t kSmallestAlias = 2 * (2 + 2);

std::string readString(ByteReader& reader, std::string_view what) {
  const size_t start = reader.offset();
  const size_t length = reader.number<uint16_t>(what);
  if (!reader.failed() && (length < 2 || length > kMaxTensorName + 1))
    reader.fail(start, "expected 2 to " + std::to_string(kMaxTensorName + 1) + " characters for " +
                           std::string(what) + ", found " + std::to_string(length));
  const std::string_view text = reader.text(length, what);
  if (text.empty()) return {};
  if (text.find('\0') != text.size() - 1)
    reader.fail(start, "expected " + std::string(what) + " to end in a NUL, and to hold no other");
  return std::string(text.substr(0, text.size() - 1));
}

void readVariable(ByteReader& reader, TensorMap& tensors) {
  const size_t start = reader.offset();
  std::string name = readString(reader, "a variable's name");
  if (reader.failed()) return;
  const std::string label = "variable '" + name + "'";

  TensorView view;
  const size_t rankAt = reader.offset();
  const size_t rank = reader.number<uint8_t>("the rank of " + label);
  if (rank > kMaxTensorRank) {
    reader.fail(rankAt, "expected at most " + std::to_string(kMaxTensorRank) + " dimensions for " + label +
                            ", found " + std::to_string(rank));
    return;
  }
  for (size_t i = 0; i < rank; ++i)
    view.dims.push_back(reader.number<uint32_t>("the dimensions of " + label));

  const size_t typeAt = reader.offset();
  const auto type = reader.number<uint8_t>("the type of " + label);
  if (type >= kTypes) {
    reader.fail(typeAt, "expected a type from 0 to 5 for " + label + ", found " + std::to_string(type));
    return;
  }
  view.type = static_cast<TensorType>(type);

  const size_t sizeAt = reader.offset();
  const size_t size = reader.number<uint32_t>("the size of " + label);
  if (reader.failed()) return;
  if (size == 0 || tensorBytes(view.type, view.dims, size) != size) {
    reader.fail(sizeAt,
                label + " has " + std::to_string(size) + " bytes of data, which does not fit its dimensions");
    return;
  }
  view.data = reader.bytes(size, "the data of " + label);
  if (reader.failed()) return;
  if (!tensors.emplace(std::move(name), std::move(view)).second)
    reader.fail(start, label + " is there twice");
}

/// An alias may name a variable or an alias before it, so that no chain of them can be a circle.
void readAlias(ByteReader& reader, TensorMap& tensors) {
  const size_t start = reader.offset();
  const std::string alias = readString(reader, "an alias");
  const std::string name = readString(reader, "the name that alias '" + alias + "' stands for");
  if (reader.failed()) return;
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    reader.fail(start, "alias '" + alias + "' stands for '" + name + "', which is not there");
    return;
  }
  if (!tensors.emplace(alias, found->second).second) reader.fail(start, "'" + alias + "' is there twice");
  const auto scale = tensors.find(name + "_scale");
  if (scale != tensors.end()) tensors.emplace(alias + "_scale", scale->second);
}

}  // namespace

Result<ParsedTensors> parseCTranslate2(std::span<const std::byte> file, std::string_view path) {
  ByteReader reader(file, path);
  const auto version = reader.number<uint32_t>("the version");
  if (!reader.failed() && version != kVersion)
    reader.fail(0, "expected a CTranslate2 model of binary version " + std::to_string(kVersion) + ", found " +
                       std::to_string(version));
  ParsedTensors parsed;
  parsed.spec = readString(reader, "the model's spec");
  reader.number<uint32_t>("the spec's revision");
  const size_t variables = reader.count(kSmallestVariable, kMaxTensors, "variables");
  for (size_t i = 0; i < variables && !reader.failed(); ++i) readVariable(reader, parsed.tensors);
  const size_t aliases = reader.count(kSmallestAlias, kMaxTensors, "aliases");
  for (size_t i = 0; i < aliases && !reader.failed(); ++i) readAlias(reader, parsed.tensors);
  if (reader.left() != 0)
    reader.fail(reader.offset(), "the model ends, but " + std::to_string(reader.left()) + " bytes follow");
  if (reader.failed()) return reader.error();
  return parsed;
}

}  // namespace npuspeech
