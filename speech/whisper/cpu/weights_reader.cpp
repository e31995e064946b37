// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/weights_reader.h"

#include <algorithm>
#include <array>

namespace npuspeech {

WeightsReader::WeightsReader(const ModelSource& model, const TensorFile* packed, Precision precision,
                             std::function<void(double)> progress, std::stop_token stop)
    : model_(model),
      packed_(packed),
      precision_(precision),
      progress_(std::move(progress)),
      stop_(std::move(stop)),
      total_(model.elements()) {}

void WeightsReader::fail(ErrorCode code, std::string message) {
  if (!error_) error_ = Error{code, std::move(message)};
}

bool WeightsReader::stopped() {
  if (stop_.stop_requested()) fail(ErrorCode::Cancelled, "Loading the model was cancelled.");
  return error_.has_value();
}

void WeightsReader::keep(const Linear& linear, const std::string& name) {
  linears_.emplace_back(name, &linear);
  done_ += static_cast<double>(linear.outputs()) * linear.inputs();
  if (progress_) progress_(std::min(1.0, done_ / total_));
}

std::optional<AlignedVector<float>> WeightsReader::take(Result<AlignedVector<float>> values) {
  if (values) return std::move(*values);
  fail(values.error().code, values.error().message);
  return {};
}

bool WeightsReader::readPacked(Linear& linear, const std::string& name, int outputs, int inputs,
                               Precision precision) {
  if (!packed_) return false;
  if (stopped()) return true;
  auto loaded = Linear::loadPacked(*packed_, name, outputs, inputs, precision);
  if (!loaded) {
    fail(loaded.error().code, loaded.error().message);
    return true;
  }
  linear = std::move(*loaded);
  keep(linear, name);
  return true;
}

void WeightsReader::read(Linear& linear, const std::string& name, int outputs, int inputs,
                         const Linear::Adjust& adjust) {
  if (readPacked(linear, name, outputs, inputs, precision_) || stopped()) return;
  auto loaded = Linear::load(model_, name, outputs, inputs, precision_, adjust);
  if (!loaded) return fail(loaded.error().code, loaded.error().message);
  linear = std::move(*loaded);
  keep(linear, name);
}

void WeightsReader::read(AlignedVector<float>& values, const std::string& name,
                         std::initializer_list<int64_t> dims) {
  if (stopped()) return;
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  auto read = take(packed_ ? packed_->readFloat(name, std::array{count})
                           : model_.readFloat(name, std::span(dims.begin(), dims.size())));
  if (!read) return;
  values = std::move(*read);
  vectors_.emplace_back(name, &values);
}

void WeightsReader::read(LayerNorm& norm, const std::string& name, int width) {
  read(norm.gamma, name + "/gamma", {width});
  read(norm.beta, name + "/beta", {width});
}

void WeightsReader::readConvolution(Linear& linear, const std::string& name, int outputs, int inputs,
                                    Precision precision) {
  if (readPacked(linear, name, outputs, 3 * inputs, precision) || stopped()) return;
  const auto stored = take(model_.readFloat(name + "/weight", std::array<int64_t, 3>{outputs, inputs, 3}));
  const auto bias = take(model_.readFloat(name + "/bias", std::array<int64_t, 1>{outputs}));
  if (!stored || !bias) return;
  AlignedVector<float> byRow(stored->size());
  for (size_t o = 0; o < static_cast<size_t>(outputs); ++o)
    for (size_t i = 0; i < static_cast<size_t>(inputs); ++i)
      for (size_t k = 0; k < 3; ++k)
        byRow[(o * 3 + k) * static_cast<size_t>(inputs) + i] =
            (*stored)[(o * static_cast<size_t>(inputs) + i) * 3 + k];
  linear = Linear(byRow, *bias, outputs, 3 * inputs, precision);
  keep(linear, name);
}

void WeightsReader::addTo(SafetensorsWriter& writer) const {
  for (const auto& [name, linear] : linears_) linear->addTo(writer, name);
  for (const auto& [name, values] : vectors_) writer.add(name, std::span<const float>(*values));
}

}  // namespace npuspeech
