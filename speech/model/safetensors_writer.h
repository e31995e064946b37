// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a file that TensorFile::openSafetensors reads.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// Collects views of tensors with one dimension, then writes them in the order of their names. The memory
/// behind the views must stay until write() has returned.
class SafetensorsWriter {
 public:
  struct Tensor {
    std::string name;
    TensorType type = TensorType::Float32;
    std::span<const std::byte> data;
  };

  /// `name` is new; `values` are not empty.
  void add(std::string name, std::span<const float> values);
  void add(std::string name, std::span<const int32_t> values);
  void add(std::string name, std::span<const uint8_t> bytes);  // as Int8

  /// What was added, ordered by name.
  const std::vector<Tensor>& tensors();
  /// Writes all to `path`, which appears whole or not at all. Errors: NotFound (folder missing or not
  /// writable), OutOfMemory (disk full).
  Result<void> write(const std::string& path);

 private:
  void add(std::string name, TensorType type, std::span<const std::byte> data);

  std::vector<Tensor> tensors_;
};

}  // namespace npuspeech
