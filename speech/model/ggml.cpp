// SPDX-License-Identifier: LGPL-2.1-or-later
// whisper.cpp's single file. Little-endian: u32 magic; eleven i32 sizes; mel filters: u32 rows, u32 columns,
// f32s; the tokens: u32 count, each u32 length and bytes; tensors up to the file's end: u32 rank, u32 length
// of the name, u32 type, u32 dims[rank] from the innermost on, name, data.
#include <array>
#include <optional>
#include <string>

#include "speech/model/byte_reader.h"
#include "speech/model/tensor_parsers.h"

namespace npuspeech {
namespace {

constexpr uint32_t kMagic = 0x67676d6c;  // "ggml"
constexpr size_t kMaxTokens = 1 << 20;
constexpr size_t kMaxToken = 1024;  // bytes

/// Files with quantised tensors say in thousands which layout of blocks they have.
constexpr int32_t kLayoutFactor = 1000, kLayout = 2;

/// ggml's numbers of types.
std::optional<TensorType> typeOf(uint32_t number) {
  switch (number) {
    case 0:
      return TensorType::Float32;
    case 1:
      return TensorType::Float16;
    case 2:
      return TensorType::Q4_0;
    case 3:
      return TensorType::Q4_1;
    case 6:
      return TensorType::Q5_0;
    case 7:
      return TensorType::Q5_1;
    case 8:
      return TensorType::Q8_0;
    default:
      return {};
  }
}

void readMagic(ByteReader& reader) {
  const auto magic = reader.number<uint32_t>("the magic number");
  if (reader.failed() || magic == kMagic) return;
  std::string found;
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    const auto c = static_cast<char>(magic >> shift);
    found += c >= ' ' && c <= '~' ? c : '?';
  }
  reader.fail(0, "expected a whisper.cpp model in its ggml format, which begins with \"lmgg\", found \"" +
                     found + "\"; of a CTranslate2 or Hugging Face model, give the folder");
}

GgmlSizes readSizes(ByteReader& reader) {
  GgmlSizes sizes;
  for (int32_t* const size : {&sizes.vocabulary, &sizes.audioContext, &sizes.audioWidth, &sizes.audioHeads,
                              &sizes.audioLayers, &sizes.textContext, &sizes.textWidth, &sizes.textHeads,
                              &sizes.textLayers, &sizes.melBins, &sizes.fileType})
    *size = reader.number<int32_t>("the model's sizes");
  return sizes;
}

/// The filters are the same in every model; speech/audio has its own.
void skipFilters(ByteReader& reader, const GgmlSizes& sizes) {
  const size_t start = reader.offset();
  const size_t rows = reader.number<uint32_t>("the mel filters' rows"),
               columns = reader.number<uint32_t>("the mel filters' columns");
  if (reader.failed()) return;
  const std::array dims{static_cast<int64_t>(rows), static_cast<int64_t>(columns)};
  const size_t size = tensorBytes(TensorType::Float32, dims, reader.left());
  if (size == 0 || dims[0] != sizes.melBins)
    return reader.fail(start, "expected mel filters of " + std::to_string(sizes.melBins) + " rows, found " +
                                  std::to_string(rows) + " of " + std::to_string(columns) + " columns");
  reader.bytes(size, "the mel filters");
}

EntryList readTokens(ByteReader& reader) {
  EntryList tokens;
  const size_t count = reader.count(sizeof(uint32_t), kMaxTokens, "tokens");
  for (size_t i = 0; i < count && !reader.failed(); ++i) {
    const size_t start = reader.offset();
    const size_t length = reader.number<uint32_t>("a token's length");
    if (length > kMaxToken)
      reader.fail(start, "expected at most " + std::to_string(kMaxToken) + " bytes for token " +
                             std::to_string(i) + ", found " + std::to_string(length));
    tokens.add(reader.text(length, "a token"));
  }
  return tokens;
}

/// Outermost first. ggml does not tell a vector from a column: what is one number wide counts as a vector.
std::vector<int64_t> readDims(ByteReader& reader, size_t rank, const std::string& label) {
  std::vector<int64_t> dims(rank);
  for (size_t i = rank; i-- > 0;) dims[i] = reader.number<uint32_t>("the dimensions of " + label);
  while (dims.size() > 1 && dims.back() == 1) dims.pop_back();
  return dims;
}

void readTensor(ByteReader& reader, TensorMap& tensors) {
  const size_t start = reader.offset();
  const size_t rank = reader.number<uint32_t>("a tensor's rank"),
               length = reader.number<uint32_t>("the length of a tensor's name");
  const auto number = reader.number<uint32_t>("a tensor's type");
  if (reader.failed()) return;
  if (rank < 1 || rank > kMaxTensorRank || length < 1 || length > kMaxTensorName ||
      tensors.size() == kMaxTensors)
    return reader.fail(start, "expected a tensor, found one of " + std::to_string(rank) +
                                  " dimensions whose name has " + std::to_string(length) + " bytes, behind " +
                                  std::to_string(tensors.size()) + " others");
  TensorView view;
  view.dims = readDims(reader, rank, "a tensor");
  std::string name(reader.text(length, "a tensor's name"));
  if (reader.failed()) return;
  const std::string label = "tensor '" + name + "'";
  const std::optional<TensorType> type = typeOf(number);
  if (!type)
    return reader.fail(start,
                       label + " has the type " + std::to_string(number) +
                           "; expected f32, f16, q4_0, q4_1, q5_0, q5_1 or q8_0 (0, 1, 2, 3, 6, 7 or 8)");
  view.type = *type;
  const size_t size = tensorBytes(view.type, view.dims, reader.left());
  if (size == 0)
    return reader.fail(start, label + " has dimensions that do not fit its type, or needs more than the " +
                                  std::to_string(reader.left()) + " bytes that are left of the file");
  view.data = reader.bytes(size, label);
  if (!tensors.emplace(std::move(name), std::move(view)).second)
    reader.fail(start, label + " is there twice");
}

bool isBlocks(const TensorView& view) {
  return blockOf(view.type).elements > 1;
}

}  // namespace

Result<ParsedGgml> parseGgml(std::span<const std::byte> file, std::string_view path) {
  ByteReader reader(file, path);
  ParsedGgml parsed;
  readMagic(reader);
  parsed.sizes = readSizes(reader);
  skipFilters(reader, parsed.sizes);
  parsed.tokens = readTokens(reader);
  TensorMap& tensors = parsed.tensors.tensors;
  while (!reader.failed() && (reader.left() > 0 || tensors.empty())) readTensor(reader, tensors);
  const int32_t layout = parsed.sizes.fileType / kLayoutFactor;
  if (layout != kLayout)
    for (const auto& [name, view] : tensors)
      if (isBlocks(view))
        reader.fail(0, "tensor '" + name + "' is quantised in layout " + std::to_string(layout) +
                           ", which whisper.cpp wrote before May 2023; expected layout " +
                           std::to_string(kLayout));
  if (reader.failed()) return reader.error();
  return parsed;
}

}  // namespace npuspeech
