// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/tap_product.h"

#include "kernels/matmul_f32/matmul_f32.h"
#include "kernels/matmul_i8/matmul_i8.h"

namespace npuspeech {

TapProduct::TapProduct(std::span<const float> weights, std::span<const float> bias, int taps, int outputs,
                       int depth, Precision precision, std::span<const float> expected)
    : outputs_(outputs), depth_(depth), precision_(precision), bias_(bias.begin(), bias.end()) {
  const size_t size = static_cast<size_t>(outputs) * static_cast<size_t>(depth);
  for (int tap = 0; tap < taps; ++tap) {
    const float* const values = weights.data() + static_cast<size_t>(tap) * size;
    AlignedVector<std::byte>& packed = packed_.emplace_back();
    if (precision == Precision::Float32) {
      packed.resize(matmulF32PackedSize(outputs, depth) * sizeof(float));
      packMatmulF32(values, outputs, depth, reinterpret_cast<float*>(packed.data()));
    } else {
      packed.resize(matmulI8PackedSize(outputs, depth));
      packMatmulI8(values, outputs, depth, packed.data());
      if (!expected.empty()) correctBias(values, packed, expected);
    }
  }
}

void TapProduct::correctBias(const float* weights, const AlignedVector<std::byte>& packed,
                             std::span<const float> expected) {
  constexpr size_t kPanel = kMatmulI8Panel, kQuad = kMatmulI8Quad;
  const size_t outputs = static_cast<size_t>(outputs_), depth = static_cast<size_t>(depth_);
  const MatmulI8Weights rounded = matmulI8Weights(packed.data(), outputs_, depth_);
  const size_t quads = (depth + kQuad - 1) / kQuad;
  bias_.resize(outputs, 0.0f);
  for (size_t o = 0; o < outputs; ++o) {
    const int8_t* const panel = rounded.values + o / kPanel * quads * kPanel * kQuad + o % kPanel * kQuad;
    double lost = 0;
    for (size_t d = 0; d < depth; ++d) {
      const float kept =
          rounded.scales[o] * static_cast<float>(panel[d / kQuad * kPanel * kQuad + d % kQuad]);
      lost += static_cast<double>((weights[o * depth + d] - kept) * expected[d % expected.size()]);
    }
    bias_[o] += static_cast<float>(lost);
  }
}

void TapProduct::run(std::span<const TapRows> in, int rows, const TapOut& out) const {
  TapOut sum = out;
  for (size_t tap = 0; tap < packed_.size(); ++tap) {
    runTap(tap, in[tap], rows, sum);
    sum.residual = out.data;
    sum.residualStride = out.stride;
  }
}

void TapProduct::runTap(size_t tap, const TapRows& in, int rows, const TapOut& out) const {
  const float* const bias = tap == 0 && !bias_.empty() ? bias_.data() : nullptr;
  if (precision_ == Precision::Float32)
    matmulF32({.a = in.floats,
               .aStride = in.stride,
               .weights = reinterpret_cast<const float*>(packed_[tap].data()),
               .bias = bias,
               .residual = out.residual,
               .residualStride = out.residualStride,
               .out = out.data,
               .outStride = out.stride,
               .rows = rows,
               .columns = outputs_,
               .depth = depth_});
  else
    matmulI8({.a = in.bytes,
              .aStride = in.stride,
              .rowScales = in.scales,
              .weights = matmulI8Weights(packed_[tap].data(), outputs_, depth_),
              .bias = bias,
              .residual = out.residual,
              .residualStride = out.residualStride,
              .out = out.data,
              .outStride = out.stride,
              .rows = rows});
}

}  // namespace npuspeech
