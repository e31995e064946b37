// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/linear.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/layer_norm_f32/layer_norm_f32.h"
#include "kernels/matmul_f32/matmul_f32.h"

namespace npuspeech {
namespace {

constexpr int kNormBlock = 32;  // rows that one thread normalises at a time

template <class T>
void grow(AlignedVector<T>& vector, size_t size) {
  if (vector.size() < size) vector.resize(size);
}

const float* orNull(const AlignedVector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

}  // namespace

void Operand::reserve(int rows, int columns) {
  rows_ = rows;
  const size_t count = static_cast<size_t>(rows), width = static_cast<size_t>(columns);
  if (precision_ == Precision::Float32) {
    grow(floats_, count * width);
    view_ = {floats_.data(), width};
  } else {
    stride_ = (width + 63) / 64 * 64;
    grow(values_, count * stride_);
    grow(scales_, count);
  }
}

void Operand::take(ThreadPool& pool, Rows in, int rows, int columns) {
  if (precision_ == Precision::Float32) {
    rows_ = rows;
    view_ = in;
    return;
  }
  reserve(rows, columns);
  quantizeRows(pool, {.in = in.data,
                      .inStride = in.stride,
                      .out = values_.data(),
                      .outStride = stride_,
                      .scales = scales_.data(),
                      .rows = rows,
                      .columns = columns});
}

void Operand::takeNormalised(ThreadPool& pool, const LayerNorm& norm, Rows in, int rows) {
  const int columns = static_cast<int>(norm.gamma.size());
  reserve(rows, columns);
  if (precision_ == Precision::Int8) {
    quantizeRows(pool, {.in = in.data,
                        .inStride = in.stride,
                        .gamma = norm.gamma.data(),
                        .beta = norm.beta.data(),
                        .out = values_.data(),
                        .outStride = stride_,
                        .scales = scales_.data(),
                        .rows = rows,
                        .columns = columns});
    return;
  }
  pool.parallelFor(static_cast<size_t>((rows + kNormBlock - 1) / kNormBlock), [&](size_t block, int) {
    const int first = static_cast<int>(block) * kNormBlock;
    const size_t offset = static_cast<size_t>(first);
    layerNormF32({.in = in.data + offset * in.stride,
                  .inStride = in.stride,
                  .gamma = norm.gamma.data(),
                  .beta = norm.beta.data(),
                  .out = view_.data + offset * view_.stride,
                  .outStride = view_.stride,
                  .rows = std::min(kNormBlock, rows - first),
                  .columns = columns});
  });
}

void Operand::takeProduct(ThreadPool& pool, const Linear& linear, const Operand& in, Activation activation) {
  reserve(in.rows(), linear.outputs());
  if (precision_ == Precision::Float32)
    linear.apply(pool, in, view_, activation);
  else
    matmulI8(pool, linear.product(in, activation),
             {.values = values_.data(), .stride = stride_, .scales = scales_.data()});
}

Linear::Linear(std::span<const float> weights, std::span<const float> bias, int outputs, int inputs,
               Precision precision)
    : outputs_(outputs), inputs_(inputs), precision_(precision), bias_(bias.begin(), bias.end()) {
  if (precision == Precision::Float32) {
    floats_.resize(matmulF32PackedSize(outputs, inputs));
    packMatmulF32(weights.data(), outputs, inputs, floats_.data());
  } else {
    bytes_.resize(matmulI8PackedSize(outputs, inputs));
    packMatmulI8(weights.data(), outputs, inputs, bytes_.data());
  }
}

Result<Linear> Linear::load(const ModelSource& model, const std::string& name, int outputs, int inputs,
                            Precision precision, const Adjust& adjust) {
  auto weights = model.readFloat(name + "/weight", std::array<int64_t, 2>{outputs, inputs});
  if (!weights) return weights.error();
  AlignedVector<float> bias;
  if (model.has(name + "/bias")) {
    auto read = model.readFloat(name + "/bias", std::array<int64_t, 1>{outputs});
    if (!read) return read.error();
    bias = std::move(*read);
  }
  if (adjust && precision == Precision::Int8) adjust(*weights, bias);
  return Linear(*weights, bias, outputs, inputs, precision);
}

Result<Linear> Linear::loadPacked(const TensorFile& file, const std::string& name, int outputs, int inputs,
                                  Precision precision) {
  Linear linear;
  linear.outputs_ = outputs;
  linear.inputs_ = inputs;
  linear.precision_ = precision;
  if (file.find(name + "/bias")) {
    auto bias = file.readFloat(name + "/bias", std::array<int64_t, 1>{outputs});
    if (!bias) return bias.error();
    linear.bias_ = std::move(*bias);
  }
  if (precision == Precision::Float32) {
    const auto size = static_cast<int64_t>(matmulF32PackedSize(outputs, inputs));
    auto floats = file.readFloat(name + "/packed", std::array{size});
    if (!floats) return floats.error();
    linear.floats_ = std::move(*floats);
  } else {
    const auto size = static_cast<int64_t>(matmulI8PackedSize(outputs, inputs));
    auto bytes = file.readBytes(name + "/packed", std::array{size});
    if (!bytes) return bytes.error();
    linear.bytes_ = std::move(*bytes);
  }
  return linear;
}

void Linear::addTo(SafetensorsWriter& writer, const std::string& name) const {
  if (!bias_.empty()) writer.add(name + "/bias", std::span<const float>(bias_));
  if (precision_ == Precision::Float32)
    writer.add(name + "/packed", std::span<const float>(floats_));
  else
    writer.add(name + "/packed", std::span<const uint8_t>(bytes_));
}

MatmulI8 Linear::product(const Operand& in, Activation activation) const {
  return {.a = in.values_.data(),
          .aStride = in.stride_,
          .rowScales = in.scales_.data(),
          .weights = matmulI8Weights(bytes_.data(), outputs_, inputs_),
          .bias = orNull(bias_),
          .rows = in.rows(),
          .activation = activation};
}

void Linear::apply(ThreadPool& pool, const Operand& in, Rows out, Activation activation,
                   Rows residual) const {
  if (precision_ == Precision::Float32) {
    matmulF32(pool, {.a = in.view_.data,
                     .aStride = in.view_.stride,
                     .weights = floats_.data(),
                     .bias = orNull(bias_),
                     .residual = residual.data,
                     .residualStride = residual.stride,
                     .out = out.data,
                     .outStride = out.stride,
                     .rows = in.rows(),
                     .columns = outputs_,
                     .depth = inputs_,
                     .activation = activation});
    return;
  }
  MatmulI8 matmul = product(in, activation);
  matmul.residual = residual.data;
  matmul.residualStride = residual.stride;
  matmul.out = out.data;
  matmul.outStride = out.stride;
  matmulI8(pool, matmul);
}

void Linear::readRow(int output, float* out) const {
  const size_t inputs = static_cast<size_t>(inputs_);
  if (precision_ == Precision::Float32) {
    const float* const panel = floats_.data() +
                               static_cast<size_t>(output / kMatmulF32Panel) * kMatmulF32Panel * inputs +
                               output % kMatmulF32Panel;
    for (size_t i = 0; i < inputs; ++i) out[i] = panel[i * kMatmulF32Panel];
    return;
  }
  const MatmulI8Weights weights = matmulI8Weights(bytes_.data(), outputs_, inputs_);
  const size_t quads = (inputs + kMatmulI8Quad - 1) / kMatmulI8Quad;
  const int8_t* const panel =
      weights.values + static_cast<size_t>(output / kMatmulI8Panel) * quads * kMatmulI8Panel * kMatmulI8Quad +
      output % kMatmulI8Panel * kMatmulI8Quad;
  for (size_t i = 0; i < inputs; ++i)
    out[i] = weights.scales[output] *
             panel[i / kMatmulI8Quad * kMatmulI8Panel * kMatmulI8Quad + i % kMatmulI8Quad];
}

}  // namespace npuspeech
