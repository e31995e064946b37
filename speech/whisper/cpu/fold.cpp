// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/cpu/fold.h"

#include <algorithm>
#include <cmath>

#include "speech/whisper/cpu/weights.h"

namespace npuspeech {
namespace {

// The Walsh-Hadamard transform over kHeadDim points that are `stride` apart, for `count` neighbours at once;
// scaled to be orthogonal, and its own inverse.
void transform(float* data, size_t stride, size_t count) {
  for (int half = 1; half < kHeadDim; half *= 2)
    for (int first = 0; first < kHeadDim; ++first) {
      if (first & half) continue;
      float* const a = data + static_cast<size_t>(first) * stride;
      float* const b = a + static_cast<size_t>(half) * stride;
      for (size_t i = 0; i < count; ++i) {
        const float sum = a[i] + b[i], difference = a[i] - b[i];
        a[i] = sum;
        b[i] = difference;
      }
    }
  for (size_t point = 0; point < kHeadDim; ++point)
    for (size_t i = 0; i < count; ++i) data[point * stride + i] *= 0.125f;
}
static_assert(kHeadDim == 64, "1/8 is the square root of 1/64");

}  // namespace

// Without recordings to measure the inputs by: a normalised value seldom passes three standard deviations.
void smooth(LayerNorm& norm, std::span<float> weights, float strength) {
  const size_t inputs = norm.gamma.size();
  AlignedVector<float> scales(inputs, 0.0f);  // at first the largest weights
  for (size_t row = 0; row < weights.size(); row += inputs)
    for (size_t i = 0; i < inputs; ++i) scales[i] = std::max(scales[i], std::abs(weights[row + i]));
  for (size_t i = 0; i < inputs; ++i) {
    const float input = 3 * std::abs(norm.gamma[i]) + std::abs(norm.beta[i]);
    scales[i] = input < 1e-6f || scales[i] < 1e-6f
                    ? 1
                    : std::pow(input, strength) / std::pow(scales[i], 1 - strength);
    norm.gamma[i] /= scales[i];
    norm.beta[i] /= scales[i];
  }
  for (size_t row = 0; row < weights.size(); row += inputs)
    for (size_t i = 0; i < inputs; ++i) weights[row + i] *= scales[i];
}

void rotateMadeValues(std::span<float> weights, std::span<float> bias) {
  const size_t inputs = weights.size() / bias.size();
  for (size_t output = 0; output < bias.size(); output += kHeadDim) {
    transform(weights.data() + output * inputs, inputs, inputs);
    transform(bias.data() + output, 1, 1);
  }
}

void rotateReadValues(std::span<float> weights) {
  for (size_t i = 0; i < weights.size(); i += kHeadDim) transform(weights.data() + i, 1, 1);
}

}  // namespace npuspeech
