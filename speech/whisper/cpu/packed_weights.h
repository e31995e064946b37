// SPDX-License-Identifier: LGPL-2.1-or-later
// A file beside the model with the weights as they were packed for 8 bits, so that they load at once.
#pragma once

#include <optional>
#include <string>

#include "speech/model/model_source.h"
#include "speech/model/safetensors_writer.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// The file of packed weights of one model. It is optional, and may be removed at any time. Where it is
/// missing, damaged, or from another model or another version of this software, it is ignored and written
/// again.
class PackedWeights {
 public:
  /// Reads the sizes of the model's files and samples of their weights, to recognise the model.
  explicit PackedWeights(const ModelSource& model);

  /// Opens the file. Empty where it is missing, or not exactly as it was written.
  std::optional<TensorFile> open() const;
  /// Writes the file from what was added to `writer`. A failure (no permission, disk full) is only logged.
  void save(SafetensorsWriter& writer) const;

 private:
  std::string path_;
  /// A checksum of the model's content and of the way of packing.
  int32_t origin_;
};

}  // namespace npuspeech
