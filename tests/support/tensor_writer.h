// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the model file formats that speech/model reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "speech/model/tensor_file.h"

namespace npuspeech::test {

struct NamedTensor {
  std::string name;
  TensorType type = TensorType::Float32;
  std::vector<int64_t> dims;
  std::string bytes;  // little-endian
};

/// `values` stored as Float32, Float16 or BFloat16, rounded to nearest, ties to even.
NamedTensor floatTensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& values,
                        TensorType type = TensorType::Float32);
/// A scalar, of Int8, Int16 or Int32.
NamedTensor integerTensor(std::string name, TensorType type, int32_t value);
/// `values` stored as Int8, with one scale per row in a second tensor: stored = round(value * scale),
/// |stored| <= 127.
std::pair<NamedTensor, NamedTensor> int8Tensors(std::string name, std::vector<int64_t> dims,
                                                const std::vector<float>& values);

/// The bytes of a model.bin, binary version 6. `aliases`: pairs of alias and name.
std::string ctranslate2File(const std::vector<NamedTensor>& tensors,
                            const std::vector<std::pair<std::string, std::string>>& aliases,
                            std::string_view spec = "WhisperSpec");
/// The bytes of a safetensors file.
std::string safetensorsFile(const std::vector<NamedTensor>& tensors);

/// Writes or overwrites a file; aborts where that fails.
void writeFile(const std::string& path, std::string_view bytes);

}  // namespace npuspeech::test
