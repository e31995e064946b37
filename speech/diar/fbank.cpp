// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/fbank.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace npuspeech {
namespace {

constexpr float kPreemphasis = 0.97f;
constexpr float kSmallest = 1.1920929e-07f;  // energies are raised to it before the logarithm
constexpr double kLowHz = 20, kHighHz = 8000, kSampleRate = 16000;

/// HTK's scale.
double melFromHz(double hz) {
  return 1127 * std::log(1 + hz / 700);
}

}  // namespace

Fbank::Fbank() : fft_(kFft), window_(kWindow), power_(kFft / 2) {
  for (int i = 0; i < kWindow; ++i)  // Povey's window
    window_[static_cast<size_t>(i)] =
        static_cast<float>(std::pow(0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / (kWindow - 1)), 0.85));
  const double low = melFromHz(kLowHz), step = (melFromHz(kHighHz) - low) / (kBins + 1);
  for (int bin = 0; bin < kBins; ++bin) {
    Filter filter{0, 0};
    for (int k = 0; k < kFft / 2; ++k) {
      // Triangles over mel, not over Hz.
      const double position = (melFromHz(k * kSampleRate / kFft) - low) / step - bin;
      const double weight = std::min(position, 2 - position);
      if (weight <= 0) continue;
      if (filter.count == 0) filter.first = k;
      ++filter.count;
      weights_.push_back(static_cast<float>(weight));
    }
    filters_.push_back(filter);
  }
}

void Fbank::run(std::span<const float> samples, float* frames) {
  const int64_t count = framesOf(static_cast<int64_t>(samples.size()));
  for (int64_t j = 0; j < count; ++j) computeFrame(samples.data() + j * kHop, frames + j * kBins);
}

void Fbank::computeFrame(const float* samples, float* frame) {
  float sum = 0;
  for (int i = 0; i < kWindow; ++i) sum += samples[i];
  const float mean = sum / kWindow;
  float* const input = fft_.input();
  input[0] = (samples[0] - mean) * (1 - kPreemphasis) * window_[0];
  for (int i = 1; i < kWindow; ++i)
    input[i] = (samples[i] - mean - kPreemphasis * (samples[i - 1] - mean)) * window_[static_cast<size_t>(i)];
  std::fill(input + kWindow, input + kFft, 0.0f);
  const float* const spectrum = fft_.run();
  for (int k = 0; k < kFft / 2; ++k)
    power_[static_cast<size_t>(k)] =
        spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1];
  const float* weight = weights_.data();
  for (const Filter& filter : filters_) {
    float energy = 0;
    for (int k = 0; k < filter.count; ++k)
      energy += weight[k] * power_[static_cast<size_t>(filter.first + k)];
    weight += filter.count;
    *frame++ = std::log(std::max(energy, kSmallest));
  }
}

}  // namespace npuspeech
