// SPDX-License-Identifier: LGPL-2.1-or-later
// Weights as they were packed for 8 bits, kept in a file beside the model so that they load at once.
#pragma once

#include <optional>
#include <string>

#include "speech/model/model_source.h"
#include "speech/model/safetensors_writer.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// The file of one model. It is never needed and may be removed at any time; one that is missing, damaged, of
/// another model or of another version of this software is passed over and written again.
class PackedWeights {
 public:
  /// `model`: of its files with weights, sizes and samples are read.
  explicit PackedWeights(const ModelSource& model);

  /// The file, if all of it is as it was written.
  std::optional<TensorFile> open() const;
  /// Writes what was added. Where that cannot be done (no permission, disk full), a line of the log says so.
  void save(SafetensorsWriter& writer) const;

 private:
  std::string path_;
  int32_t origin_;  // of the model's content and of how it was packed
};

}  // namespace npuspeech
