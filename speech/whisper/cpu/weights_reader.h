// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a model's weights part by part, from its source or as they were packed before.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "speech/model/model_source.h"
#include "speech/model/safetensors_writer.h"
#include "speech/model/tensor_file.h"
#include "speech/whisper/cpu/linear.h"

namespace npuspeech {

/// Reads parts one after the other and remembers the first error, so that a model's structure reads like its
/// drawing; after an error, reads do nothing.
class WeightsReader {
 public:
  /// `packed`: what addTo() once gave, or null. Both must outlive the reader. `progress`: the part that
  /// is done, 0 to 1; may be empty.
  WeightsReader(const ModelSource& model, const TensorFile* packed, Precision precision,
                std::function<void(double)> progress, std::stop_token stop);

  const std::optional<Error>& error() const { return error_; }
  void fail(ErrorCode code, std::string message);

  /// `adjust` as Linear::load takes it. What is read must stay where it is until addTo().
  void read(Linear& linear, const std::string& name, int outputs, int inputs,
            const Linear::Adjust& adjust = {});
  void read(AlignedVector<float>& values, const std::string& name, std::initializer_list<int64_t> dims);
  void read(LayerNorm& norm, const std::string& name, int width);
  /// As a product on three consecutive rows: [outputs][inputs][3] of the model becomes [outputs][3][inputs].
  void readConvolution(Linear& linear, const std::string& name, int outputs, int inputs, Precision precision);

  /// Everything that was read, as it is by now.
  void addTo(SafetensorsWriter& writer) const;

 private:
  bool stopped();
  bool readPacked(Linear& linear, const std::string& name, int outputs, int inputs, Precision precision);
  std::optional<AlignedVector<float>> take(Result<AlignedVector<float>> values);
  void keep(const Linear& linear, const std::string& name);

  const ModelSource& model_;
  const TensorFile* packed_;
  Precision precision_;
  std::function<void(double)> progress_;
  std::stop_token stop_;
  std::optional<Error> error_;
  double done_ = 0, total_;  // elements
  std::vector<std::pair<std::string, const Linear*>> linears_;
  std::vector<std::pair<std::string, const AlignedVector<float>*>> vectors_;
};

}  // namespace npuspeech
