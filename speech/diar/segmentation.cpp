// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of all buffers are positions in time, so that convolutions are products over overlapping rows. The
// instance norm of the sound is linear, as the filters behind it are: it is applied to their outputs, which
// then are of the sound as it is and stay right in the next window.
#include "speech/diar/segmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/lstm_f32/lstm_f32.h"

namespace npuspeech {
namespace {

using Weights = SegmentationWeights;

constexpr int kFilterHop = 10, kPool = 3;
constexpr int kRowsAtOnce = 42 * kPool;  // rows of a convolution between products and pooling
constexpr float kEpsilon = 1e-5f, kLeak = 0.01f;

/// Rows of the filters for so many samples.
constexpr int filteredOf(int samples) {
  return (samples - Weights::kFilterTaps) / kFilterHop + 1;
}
constexpr int kMostFiltered = filteredOf(Segmentation::kMostSamples);
/// Rows of a convolution of so many rows, after pooling.
constexpr int pooledConvolution(int rows) {
  return (rows - Weights::kTaps + 1) / kPool;
}

float leaky(float x) {
  const float less = kLeak * x;
  return x > less ? x : less;  // without a branch
}

void leaky(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = leaky(x[i]);
}

float mostOf(float a, float b, float c) {
  const float most = a > b ? a : b;
  return most > c ? most : c;
}

/// What turns values into their norm: x * scale + offset.
struct Affine {
  float scale, offset;
};

/// Of values with this sum of squares around their mean; the variance is the biased one.
Affine normOf(double mean, double squares, size_t count, float scale, float offset) {
  const double factor = static_cast<double>(scale) /
                        std::sqrt(squares / static_cast<double>(count) + static_cast<double>(kEpsilon));
  return {static_cast<float>(factor), static_cast<float>(static_cast<double>(offset) - mean * factor)};
}

Affine normOfSound(std::span<const float> samples, float scale, float offset) {
  double sum = 0, squares = 0;
  for (const float sample : samples) sum += static_cast<double>(sample);
  const double mean = sum / static_cast<double>(samples.size());
  for (const float sample : samples) {
    const double d = static_cast<double>(sample) - mean;
    squares += d * d;
  }
  return normOf(mean, squares, samples.size(), scale, offset);
}

/// Adds up `term(x, c)` of all rows, by channel. Sums of a few rows are in float, which is exact enough and
/// takes half the time.
template <int kChannels, class Term>
std::array<double, kChannels> sumChannels(const float* x, size_t rows, const Term& term) {
  constexpr size_t kFewRows = 32;
  std::array<double, kChannels> sums{};
  for (size_t row = 0; row < rows; row += kFewRows) {
    std::array<float, kChannels> few{};
    for (size_t r = row; r < std::min(rows, row + kFewRows); ++r, x += kChannels)
      for (size_t c = 0; c < kChannels; ++c) few[c] += term(x[c], c);
    for (size_t c = 0; c < kChannels; ++c) sums[c] += static_cast<double>(few[c]);
  }
  return sums;
}

/// Normalises each of kChannels channels over `rows` rows, in place, and rectifies them leakily.
template <int kChannels>
void normalise(float* x, int rows, const SegmentationNorm& norm) {
  const size_t count = static_cast<size_t>(rows);
  const auto sums = sumChannels<kChannels>(x, count, [](float value, size_t) { return value; });
  std::array<float, kChannels> means, scales, offsets;
  for (size_t c = 0; c < kChannels; ++c) means[c] = static_cast<float>(sums[c] / rows);
  const auto squares = sumChannels<kChannels>(
      x, count, [&](float value, size_t c) { return (value - means[c]) * (value - means[c]); });
  for (size_t c = 0; c < kChannels; ++c) {
    const Affine affine =
        normOf(static_cast<double>(means[c]), squares[c], count, norm.scales[c], norm.offsets[c]);
    scales[c] = affine.scale;
    offsets[c] = affine.offset;
  }
  for (size_t r = 0; r < count; ++r, x += kChannels)
    for (size_t c = 0; c < kChannels; ++c) x[c] = leaky(x[c] * scales[c] + offsets[c]);
}

}  // namespace

Segmentation::Segmentation(std::shared_ptr<const SegmentationWeights> weights)
    : weights_(std::move(weights)),
      window_(kMostSamples),
      filtered_(static_cast<size_t>(kMostFiltered) * Weights::kFilters),
      pooled_(static_cast<size_t>(kMostFiltered / kPool) * Weights::kFilters),
      products_(static_cast<size_t>(kRowsAtOnce) * Weights::kChannels) {
  const size_t once = pooledConvolution(kMostFiltered / kPool), frames = diar::kMostActivityFrames;
  narrow_[0].resize(once * Weights::kChannels);
  narrow_[1].resize(frames * Weights::kChannels);
  gates_.resize(frames * 2 * Weights::kGates);
  for (AlignedVector<float>& rows : rows_) rows.resize(frames * 2 * Weights::kUnits);
}

float* Segmentation::filteredRow(int row) {
  return filtered_.data() + static_cast<size_t>((first_ + row) % kMostFiltered) * Weights::kFilters;
}

/// Finds what is known of a window; returns how many of its rows are in filtered_ already.
int Segmentation::keepFiltered(std::span<const float> samples) {
  for (const int moved : {kHop, 0}) {
    const int shared = std::min(static_cast<int>(samples.size()), samples_ - moved);
    if (shared < Weights::kFilterTaps) continue;
    const float* const before = window_.data() + moved;
    // The bytes, not the values: what is kept is what would be computed, whatever the numbers are.
    if (std::memcmp(samples.data(), before, static_cast<size_t>(shared) * sizeof(float)) != 0) continue;
    first_ = (first_ + moved / kFilterHop) % kMostFiltered;
    return filteredOf(shared);
  }
  return 0;
}

void Segmentation::filter(std::span<const float> samples) {
  const int rows = filteredOf(static_cast<int>(samples.size()));
  int row = keepFiltered(samples);
  while (row < rows) {
    const int untilWrap = kMostFiltered - (first_ + row) % kMostFiltered;
    const int count = std::min({rows - row, untilWrap, kRowsAtOnce});
    weights_->filters.run(samples.data() + row * kFilterHop, kFilterHop, count, filteredRow(row),
                          Weights::kFilters);
    row += count;
  }
  std::copy(samples.begin(), samples.end(), window_.begin());
  samples_ = static_cast<int>(samples.size());
}

/// The largest magnitudes of every three rows, of the sound's norm.
void Segmentation::poolFiltered(std::span<const float> samples, int rows) {
  constexpr size_t kFilters = Weights::kFilters;
  const Affine norm = normOfSound(samples, weights_->waveScale, weights_->waveOffset);
  std::array<float, kFilters> offsets;
  for (size_t c = 0; c < kFilters; ++c) offsets[c] = norm.offset * weights_->filterSums[c];
  for (int row = 0; row < rows; ++row) {
    const float* const in[kPool] = {filteredRow(kPool * row), filteredRow(kPool * row + 1),
                                    filteredRow(kPool * row + 2)};
    float* const out = pooled_.data() + static_cast<size_t>(row) * kFilters;
    for (size_t c = 0; c < kFilters; ++c) {
      const auto magnitude = [&](const float* x) { return std::fabs(x[c] * norm.scale + offsets[c]); };
      out[c] = mostOf(magnitude(in[0]), magnitude(in[1]), magnitude(in[2]));
    }
  }
}

/// A convolution, then the largest of every three rows: `rows` of them. Rows of `in` lie close together.
void Segmentation::convolve(const LayerF32& layer, const float* in, int rows, float* out) {
  constexpr size_t kChannels = Weights::kChannels;
  const size_t inputs = static_cast<size_t>(layer.depth / Weights::kTaps);
  for (int row = 0; row < rows * kPool; row += kRowsAtOnce) {
    const int count = std::min(kRowsAtOnce, rows * kPool - row);
    layer.run(in + static_cast<size_t>(row) * inputs, inputs, count, products_.data(), kChannels);
    const float* x = products_.data();
    for (int r = 0; r < count; r += kPool, x += kPool * kChannels, out += kChannels)
      for (size_t c = 0; c < kChannels; ++c) out[c] = mostOf(x[c], x[kChannels + c], x[2 * kChannels + c]);
  }
}

void Segmentation::recur(const SegmentationWeights::Recurrent& layer, const float* in, size_t inStride,
                         int rows, float* out) {
  constexpr ptrdiff_t kGatesRow = 2 * Weights::kGates, kOutRow = 2 * Weights::kUnits;
  layer.inputs.run(in, inStride, rows, gates_.data(), kGatesRow);
  for (const bool backwards : {false, true}) {
    std::array<float, Weights::kUnits> cells{};
    const ptrdiff_t start = backwards ? rows - 1 : 0, sign = backwards ? -1 : 1;
    lstmF32({.gates = gates_.data() + start * kGatesRow + backwards * Weights::kGates,
             .gatesStride = sign * kGatesRow,
             .weights = layer.recurrent[backwards].data(),
             .c = cells.data(),
             .out = out + start * kOutRow + backwards * Weights::kUnits,
             .outStride = sign * kOutRow,
             .steps = rows,
             .width = Weights::kUnits});
  }
}

void Segmentation::run(std::span<const float> samples, std::span<float> activities) {
  const int pooled = filteredOf(static_cast<int>(samples.size())) / kPool;
  const int once = pooledConvolution(pooled), frames = pooledConvolution(once);
  filter(samples);
  poolFiltered(samples, pooled);
  normalise<Weights::kFilters>(pooled_.data(), pooled, weights_->norms[0]);
  convolve(weights_->convolutions[0], pooled_.data(), once, narrow_[0].data());
  normalise<Weights::kChannels>(narrow_[0].data(), once, weights_->norms[1]);
  convolve(weights_->convolutions[1], narrow_[0].data(), frames, narrow_[1].data());
  normalise<Weights::kChannels>(narrow_[1].data(), frames, weights_->norms[2]);

  recur(weights_->recurrent[0], narrow_[1].data(), Weights::kChannels, frames, rows_[0].data());
  int newest = 0;
  for (int i = 1; i < Weights::kRecurrentLayers; ++i, newest ^= 1)
    recur(weights_->recurrent[i], rows_[newest].data(), 2 * Weights::kUnits, frames,
          rows_[newest ^ 1].data());
  size_t stride = 2 * Weights::kUnits;
  for (const LayerF32& layer : weights_->linear) {
    layer.run(rows_[newest].data(), stride, frames, rows_[newest ^ 1].data(), Weights::kHidden);
    newest ^= 1;
    stride = Weights::kHidden;
    leaky(rows_[newest].data(), static_cast<size_t>(frames) * Weights::kHidden);
  }
  weights_->classifier.run(rows_[newest].data(), Weights::kHidden, frames, activities.data(), kSpeakers);
  for (float& x : activities.first(static_cast<size_t>(frames) * kSpeakers)) x = 1 / (1 + std::exp(-x));
}

}  // namespace npuspeech
