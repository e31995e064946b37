// SPDX-License-Identifier: LGPL-2.1-or-later
// The file formats behind TensorFile, over bytes in memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "speech/model/entry_list.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// More than any model has (whisper-large: 1,300): what a hostile file can make us keep stays small.
inline constexpr size_t kMaxTensors = 1 << 16;
inline constexpr size_t kMaxTensorName = 512;
inline constexpr size_t kMaxTensorRank = 8;

/// What a file holds; the views point into the bytes that were parsed.
struct ParsedTensors {
  std::string spec;
  TensorMap tensors;
};

/// A whisper.cpp file's own numbers, in its order.
struct GgmlSizes {
  int32_t vocabulary = 0, audioContext = 0, audioWidth = 0, audioHeads = 0, audioLayers = 0;
  int32_t textContext = 0, textWidth = 0, textHeads = 0, textLayers = 0, melBins = 0, fileType = 0;
};

struct ParsedGgml {
  GgmlSizes sizes;   // as they stand in the file
  EntryList tokens;  // the bytes of each
  ParsedTensors tensors;
};

/// All check every size before use, keep O(bytes) memory at most, and take time linear in them (but for the
/// ordering of names). `path` is for the errors, which are BadFile.
Result<ParsedTensors> parseCTranslate2(std::span<const std::byte> file, std::string_view path);
Result<ParsedTensors> parseSafetensors(std::span<const std::byte> file, std::string_view path);
Result<ParsedGgml> parseGgml(std::span<const std::byte> file, std::string_view path);

/// A BadFile error: "'path' is not a usable model file: at byte N, what."
Error badTensorFile(std::string_view path, size_t offset, std::string_view what);

/// The bytes that a tensor of elements of `elementSize` bytes takes; 0 where that is more than `limit`, and
/// where a dimension is not in [1, 2^31 - 1].
size_t tensorBytes(size_t elementSize, std::span<const int64_t> dims, size_t limit);
/// The same for elements of a type; 0 also where the rows are not whole blocks.
size_t tensorBytes(TensorType type, std::span<const int64_t> dims, size_t limit);

/// So many elements are stored together, in so many bytes.
struct Block {
  size_t elements = 1, bytes = 0;
};
Block blockOf(TensorType type);

}  // namespace npuspeech
