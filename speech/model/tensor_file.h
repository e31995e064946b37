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

enum class TensorType : uint8_t { Float32, Int8, Int16, Int32, Float16, BFloat16 };

/// A tensor inside a mapped file: its bytes are checked to lie within the file and to fit its dimensions.
struct TensorView {
  TensorType type = TensorType::Float32;
  std::vector<int64_t> dims;       // each 1 to 2^31 - 1; scalars have none
  std::span<const std::byte> data; // may be unaligned
  int64_t elements() const;
};

/// A file of named tensors, mapped read-only and kept so while this object or a copy lives. Immutable; thread-safe.
/// A file that shrinks while it is mapped is outside of what is guarded.
class TensorFile {
 public:
  /// CTranslate2's model.bin, binary version 6. `spec`: the model's spec name, "WhisperSpec". Errors: NotFound,
  /// BadFile with the file's name, what is wrong and at which byte.
  static Result<TensorFile> openCTranslate2(const std::string& path);
  /// Hugging Face safetensors.
  static Result<TensorFile> openSafetensors(const std::string& path);

  const std::string& path() const { return path_; }
  const std::string& spec() const { return spec_; }
  /// Null where there is none. Aliases are followed.
  const TensorView* find(std::string_view name) const;
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }

  /// The tensor with exactly these dimensions (0 matches any), as float32. f16, bf16 are widened; int8 is multiplied
  /// by its "<name>_scale" tensor (one scale per row, or one for all; value / scale as CTranslate2 stores them).
  /// Errors: BadFile naming file, tensor and both shapes.
  Result<AlignedVector<float>> readFloat(std::string_view name, std::span<const int64_t> dims) const;

 private:
  std::string path_, spec_;
  std::shared_ptr<const void> mapping_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

}  // namespace npuspeech
