// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/linear.h"

#include <array>

namespace npuspeech {

Linear::Linear(std::span<const float> weights, std::span<const float> bias, int outputs, int inputs)
    : outputs_(outputs),
      inputs_(inputs),
      packed_(matmulF32PackedSize(outputs, inputs)),
      bias_(bias.begin(), bias.end()) {
  packMatmulF32(weights.data(), outputs, inputs, packed_.data());
}

Result<Linear> Linear::load(const TensorFile& file, const std::string& name, int outputs, int inputs) {
  auto weights = file.readFloat(name + "/weight", std::array<int64_t, 2>{outputs, inputs});
  if (!weights) return weights.error();
  if (!file.find(name + "/bias")) return Linear(*weights, {}, outputs, inputs);
  auto bias = file.readFloat(name + "/bias", std::array<int64_t, 1>{outputs});
  if (!bias) return bias.error();
  return Linear(*weights, *bias, outputs, inputs);
}

void Linear::apply(ThreadPool& pool, Rows in, int rows, Rows out, Activation activation,
                   Rows residual) const {
  matmulF32(pool, {.a = in.data,
                   .aStride = in.stride,
                   .weights = packed_.data(),
                   .bias = bias_.empty() ? nullptr : bias_.data(),
                   .residual = residual.data,
                   .residualStride = residual.stride,
                   .out = out.data,
                   .outStride = out.stride,
                   .rows = rows,
                   .columns = outputs_,
                   .depth = inputs_,
                   .activation = activation});
}

void Linear::applyPart(ThreadPool& pool, Rows in, int rows, int first, int count, Rows out) const {
  matmulF32(pool, {.a = in.data,
                   .aStride = in.stride,
                   .weights = packed_.data() + static_cast<size_t>(first) * static_cast<size_t>(inputs_),
                   .bias = bias_.empty() ? nullptr : bias_.data() + first,
                   .out = out.data,
                   .outStride = out.stride,
                   .rows = rows,
                   .columns = count,
                   .depth = inputs_});
}

void Linear::readRow(int output, float* out) const {
  const float* panel =
      packed_.data() +
      static_cast<size_t>(output / kMatmulF32Panel) * kMatmulF32Panel * static_cast<size_t>(inputs_) +
      output % kMatmulF32Panel;
  for (int i = 0; i < inputs_; ++i) out[i] = panel[static_cast<size_t>(i) * kMatmulF32Panel];
}

}  // namespace npuspeech
