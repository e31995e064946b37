// SPDX-License-Identifier: LGPL-2.1-or-later
// Folding changes weights and leaves what the layers compute as it is.
#include "speech/whisper/cpu/fold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "speech/whisper/cpu/linear.h"

namespace npuspeech {
namespace {

constexpr size_t kInputs = 24, kOutputs = 128, kReaders = 10;

std::vector<float> normal(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

// y = weights * x + bias, in double.
std::vector<double> apply(const std::vector<float>& weights, const std::vector<float>& bias,
                          const std::vector<double>& x) {
  std::vector<double> y(bias.begin(), bias.end());
  for (size_t o = 0; o < y.size(); ++o)
    for (size_t i = 0; i < x.size(); ++i) y[o] += static_cast<double>(weights[o * x.size() + i]) * x[i];
  return y;
}

double largest(const std::vector<float>& values) {
  float most = 0;
  for (float value : values) most = std::max(most, std::fabs(value));
  return static_cast<double>(most);
}

TEST(Fold, RotatedValuesReadTheSame) {
  std::vector<float> made = normal(kOutputs * kInputs, 1), bias = normal(kOutputs, 2),
                     read = normal(kReaders * kOutputs, 3);
  for (size_t i = 0; i < kInputs; ++i) made[5 * kInputs + i] *= 50;  // one large value in the first head
  const std::vector<float> unrotated = made, none(kReaders, 0.0f), drawn = normal(kInputs, 4);
  const std::vector<double> x(drawn.begin(), drawn.end());
  const std::vector<double> before = apply(read, none, apply(made, bias, x));
  rotateMadeValues(made, bias);
  rotateReadValues(read);
  const std::vector<double> after = apply(read, none, apply(made, bias, x));
  for (size_t r = 0; r < kReaders; ++r) EXPECT_NEAR(after[r], before[r], 1e-4 * std::fabs(before[r]) + 1e-3);
  EXPECT_LT(largest(made), 0.5 * largest(unrotated)) << "the large value is not spread";
}

TEST(Fold, SmoothedInputsGiveTheSame) {
  for (const float strength : {0.0f, 0.5f, 0.65f, 1.0f}) {
    LayerNorm norm;
    for (float value : normal(kInputs, 5)) norm.gamma.push_back(value);
    for (float value : normal(kInputs, 6)) norm.beta.push_back(value);
    norm.gamma[3] = norm.beta[3] = 0;  // an input that is nothing
    norm.gamma[7] = 40;
    std::vector<float> weights = normal(kOutputs * kInputs, 7), none(kOutputs, 0.0f);
    const std::vector<float> drawn = normal(kInputs, 8);
    const auto normalised = [&] {
      std::vector<double> y;
      for (size_t i = 0; i < kInputs; ++i)
        y.push_back(static_cast<double>(drawn[i]) * static_cast<double>(norm.gamma[i]) +
                    static_cast<double>(norm.beta[i]));
      return y;
    };
    const std::vector<double> before = apply(weights, none, normalised());
    const double largestBefore = std::fabs(normalised()[7]);
    smooth(norm, weights, strength);
    const std::vector<double> after = apply(weights, none, normalised());
    for (size_t o = 0; o < kOutputs; ++o)
      EXPECT_NEAR(after[o], before[o], 1e-4 * std::fabs(before[o]) + 1e-3);
    if (strength > 0) {
      EXPECT_LT(std::fabs(normalised()[7]), largestBefore);
    }
  }
}

}  // namespace
}  // namespace npuspeech
