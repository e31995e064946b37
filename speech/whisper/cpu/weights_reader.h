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

/// Reads parts one after the other and remembers the first error. After an error, reads do nothing, so that
/// the caller lists a model's parts without checks between them.
class WeightsReader {
 public:
  /// `packed` is a file that addTo() once wrote, or null. `model` and `packed` must outlive the reader.
  /// `progress` is called with the part that is read, from 0 to 1; it may be empty.
  WeightsReader(const ModelSource& model, const TensorFile* packed, Precision precision,
                std::function<void(double)> progress, std::stop_token stop);

  /// The first error.
  const std::optional<Error>& error() const { return error_; }
  /// Sets the error, unless there is one.
  void fail(ErrorCode code, std::string message);

  /// Reads a linear layer. `adjust` is that of Linear::load(). What any read() fills must not move until
  /// addTo().
  void read(Linear& linear, const std::string& name, int outputs, int inputs,
            const Linear::Adjust& adjust = {});
  /// Reads a tensor of `dims`.
  void read(AlignedVector<float>& values, const std::string& name, std::initializer_list<int64_t> dims);
  /// Reads the parameters of a layer normalisation.
  void read(LayerNorm& norm, const std::string& name, int width);
  /// Reads a convolution as a product on three consecutive rows: [outputs][inputs][3] of the model becomes
  /// [outputs][3][inputs].
  void readConvolution(Linear& linear, const std::string& name, int outputs, int inputs, Precision precision);

  /// Adds everything that was read, with its current values.
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
  /// The numbers of elements that were read, and of all.
  double done_ = 0, total_;
  std::vector<std::pair<std::string, const Linear*>> linears_;
  std::vector<std::pair<std::string, const AlignedVector<float>*>> vectors_;
};

}  // namespace npuspeech
