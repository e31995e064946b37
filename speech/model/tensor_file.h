// SPDX-License-Identifier: LGPL-2.1-or-later
// Named tensors read from model files that strangers may have written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned.h"
#include "base/result.h"

namespace npuspeech {

/// Q4_0 to Q8_0 are ggml's, in blocks of 32 numbers of a row that share a scale (speech/model/blocks.h).
enum class TensorType : uint8_t {
  Float32,
  Int8,
  Int16,
  Int32,
  Float16,
  BFloat16,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0
};

/// A tensor inside a mapped file: its bytes are checked to lie within the file and to fit its dimensions.
struct TensorView {
  TensorType type = TensorType::Float32;
  std::vector<int64_t> dims;        // each 1 to 2^31 - 1; scalars have none
  std::span<const std::byte> data;  // may be unaligned
  /// The product of the dimensions.
  int64_t elements() const;
};

class MappedFile;
struct ParsedTensors;
using TensorMap = std::map<std::string, TensorView, std::less<>>;

/// A file of named tensors, mapped read-only and kept so while this object or a copy lives. Immutable;
/// thread-safe. A file that shrinks while it is mapped is outside of what is guarded.
class TensorFile {
 public:
  /// CTranslate2's model.bin, binary version 6. Errors: NotFound, BadFile with the file's name, what is wrong
  /// and at which byte.
  static Result<TensorFile> openCTranslate2(const std::string& path);
  /// Hugging Face safetensors. Tensors of types that TensorType lacks are checked, then left out. Errors: the
  /// same.
  static Result<TensorFile> openSafetensors(const std::string& path);

  /// What a parser found in a mapped file; its views point into it.
  TensorFile(std::string path, std::shared_ptr<const MappedFile> mapping, ParsedTensors parsed);

  const std::string& path() const { return path_; }
  /// All of the file.
  std::span<const std::byte> bytes() const;
  /// The model's kind as CTranslate2 names it, "WhisperSpec"; empty for other formats.
  const std::string& spec() const { return spec_; }
  /// Null where there is none. Aliases are followed.
  const TensorView* find(std::string_view name) const;
  const TensorMap& tensors() const { return tensors_; }

  /// The tensor `name` if it has exactly these dimensions (0 matches any). Errors: BadFile naming file,
  /// tensor and both shapes.
  Result<const TensorView*> require(std::string_view name, std::span<const int64_t> dims) const;
  /// The same, as float32. f16, bf16 and blocks are widened; int8 and int16 are divided by the tensor
  /// "<name>_scale" (one scale per row, or one for all), as CTranslate2 stores them. To spread the work over
  /// threads, use require() and widenToFloat() (speech/model/widen.h). Errors: the same, and BadFile where a
  /// scale is missing or is not positive.
  Result<AlignedVector<float>> readFloat(std::string_view name, std::span<const int64_t> dims) const;
  /// The same into memory of the caller's, which has room for exactly the tensor.
  Result<void> readFloat(std::string_view name, std::span<const int64_t> dims, std::span<float> out) const;
  /// The bytes of an Int8 tensor. Errors: BadFile.
  Result<AlignedVector<uint8_t>> readBytes(std::string_view name, std::span<const int64_t> dims) const;
  /// The only element of an Int8, Int16 or Int32 tensor, as CTranslate2 stores the settings of a model.
  /// Errors: BadFile.
  Result<int32_t> readInteger(std::string_view name) const;

 private:
  static Result<TensorFile> open(const std::string& path,
                                 Result<ParsedTensors> (*parse)(std::span<const std::byte>,
                                                                std::string_view));
  Error unusable(std::string_view name, const std::string& what) const;

  std::string path_, spec_;
  std::shared_ptr<const MappedFile> mapping_;
  TensorMap tensors_;
};

}  // namespace npuspeech
