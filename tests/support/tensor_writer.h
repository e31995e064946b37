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

/// A tensor of a file that is written.
struct NamedTensor {
  std::string name;
  TensorType type = TensorType::Float32;
  std::vector<int64_t> dims;
  std::string bytes;  // little-endian
};

/// Makes a tensor of Float32, Float16 or BFloat16. Values are rounded to nearest, ties to even.
NamedTensor floatTensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& values,
                        TensorType type = TensorType::Float32);
/// Makes a scalar of Int8, Int16 or Int32.
NamedTensor integerTensor(std::string name, TensorType type, int32_t value);
/// Makes a tensor of Int8 and a second one with a scale for each row: stored = round(value * scale), |stored|
/// <= 127.
std::pair<NamedTensor, NamedTensor> int8Tensors(std::string name, std::vector<int64_t> dims,
                                                const std::vector<float>& values);

/// Returns the bytes of a model.bin of binary version 6. `aliases` are pairs of alias and name.
std::string ctranslate2File(const std::vector<NamedTensor>& tensors,
                            const std::vector<std::pair<std::string, std::string>>& aliases,
                            std::string_view spec = "WhisperSpec");
/// Returns the bytes of a safetensors file.
std::string safetensorsFile(const std::vector<NamedTensor>& tensors);

/// Writes or overwrites a file. Aborts where that fails.
void writeFile(const std::string& path, std::string_view bytes);

}  // namespace npuspeech::test
