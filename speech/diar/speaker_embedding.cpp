// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/speaker_embedding.h"

#include <algorithm>
#include <cmath>

#include "kernels/rectify_rows/rectify_rows.h"

namespace npuspeech {
namespace {

constexpr int kNarrow = 128, kGrowth = 32, kContext = 64;  // channels of a ContextLayer
constexpr size_t kWidest = 1024;                           // channels behind a block
constexpr int kSegment = 100;                              // rows that share a mask: 2 s
constexpr int kBorder = 2;                                 // rows of zeros that the widest taps reach
constexpr int kFirstTaps = 5;

template <class T>
void grow(AlignedVector<T>& vector, size_t size) {
  if (vector.size() < size) vector.resize(size);
}

int segmentsOf(int rows) {
  return (rows + kSegment - 1) / kSegment;
}

/// Writes the frames without the mean of each bin.
void subtractMean(std::span<const float> frames, float* out) {
  constexpr size_t kBins = SpeakerEmbedding::kBins;
  double mean[kBins] = {};
  for (size_t i = 0; i < frames.size(); ++i) mean[i % kBins] += static_cast<double>(frames[i]);
  const double count = static_cast<double>(frames.size() / kBins);
  for (size_t i = 0; i < frames.size(); ++i)
    out[i] = static_cast<float>(static_cast<double>(frames[i]) - mean[i % kBins] / count);
}

/// Adds [rows][kNarrow] to `sums`.
void addRows(const float* rows, int count, float* sums) {
  for (int r = 0; r < count; ++r, rows += kNarrow)
    for (int c = 0; c < kNarrow; ++c) sums[c] += rows[c];
}

}  // namespace

SpeakerEmbedding::SpeakerEmbedding(std::shared_ptr<const SpeakerEmbeddingWeights> weights)
    : weights_(std::move(weights)), head_(weights_->head, weights_->precision), statistics_(kWidest) {}

TapRows SpeakerEmbedding::Operand::rows(int from) const {
  const size_t first = static_cast<size_t>(from);
  return {floats.data() + first * stride, bytes.data() + first * stride, scales.data() + first, stride};
}

void SpeakerEmbedding::reserve(int frames) {
  const size_t count = static_cast<size_t>(frames), rows = (count + 1) / 2, bordered = rows + 2 * kBorder;
  const size_t segments = static_cast<size_t>(segmentsOf(static_cast<int>(rows)));
  grow(normal_, count * kBins);
  grow(headOut_, (count + 2 * kBorder) * EmbeddingHead::kOutputs);
  for (AlignedVector<float>& x : x_) grow(x, rows * kWidest);
  constexpr size_t kWidestOperand = kFirstTaps * EmbeddingHead::kOutputs;
  grow(wide_.floats, weights_->precision == Precision::Float32 ? rows * kWidestOperand : 0);
  grow(wide_.bytes, weights_->precision == Precision::Int8 ? rows * kWidestOperand : 0);
  grow(wide_.scales, rows);
  grow(narrow_.floats, bordered * kNarrow);
  grow(narrow_.bytes, bordered * kNarrow);
  grow(narrow_.scales, bordered);
  narrow_.stride = kNarrow;
  for (AlignedVector<float>* perSegment : {&means_, &hidden_, &masks_}) grow(*perSegment, segments * kNarrow);

  std::fill_n(headOut_.begin(), kBorder * EmbeddingHead::kOutputs, 0.0f);
  std::fill_n(headOut_.begin() + static_cast<ptrdiff_t>((count + kBorder) * EmbeddingHead::kOutputs),
              kBorder * EmbeddingHead::kOutputs, 0.0f);
  for (const size_t border : {size_t{0}, rows + kBorder}) {
    std::fill_n(narrow_.floats.begin() + static_cast<ptrdiff_t>(border * kNarrow), kBorder * kNarrow, 0.0f);
    std::fill_n(narrow_.bytes.begin() + static_cast<ptrdiff_t>(border * kNarrow), kBorder * kNarrow,
                uint8_t{0});
    std::fill_n(narrow_.scales.begin() + static_cast<ptrdiff_t>(border), kBorder, RowScale{});
  }
}

void SpeakerEmbedding::run(std::span<const float> frames, std::span<float, kSize> embedding) {
  const int count = static_cast<int>(frames.size() / kBins), rows = (count + 1) / 2;
  reserve(count);
  subtractMean(frames, normal_.data());
  head_.run(normal_.data(), count, headOut_.data() + kBorder * EmbeddingHead::kOutputs);

  // A row is five frames, every second one: they overlap, and are read in place.
  rectify(headOut_.data(), 2 * EmbeddingHead::kOutputs, rows, kFirstTaps * EmbeddingHead::kOutputs, nullptr);
  float *x = x_[0].data(), *next = x_[1].data();
  size_t stride = kWidest;
  const TapRows headRows = wide_.rows();
  weights_->first.run({&headRows, 1}, rows, {.data = x, .stride = stride});
  rectifyRows({.in = x, .inStride = stride, .out = x, .outStride = stride, .rows = rows, .columns = kNarrow});

  for (const ContextBlock& block : weights_->blocks) {
    runBlock(block, x, stride, rows);
    rectify(x, stride, rows, block.transit.depth(), &block.norm);
    const TapRows in = wide_.rows();
    block.transit.run({&in, 1}, rows, {.data = next, .stride = stride});
    std::swap(x, next);
  }
  embed(x, stride, rows, embedding);
}

void SpeakerEmbedding::rectify(const float* in, size_t stride, int rows, int columns,
                               const ChannelNorm* norm) {
  const bool quantises = weights_->precision == Precision::Int8;
  wide_.stride = static_cast<size_t>(columns);
  rectifyRows({.in = in,
               .inStride = stride,
               .factors = norm ? norm->factors.data() : nullptr,
               .offsets = norm ? norm->offsets.data() : nullptr,
               .out = quantises ? nullptr : wide_.floats.data(),
               .outStride = wide_.stride,
               .values = quantises ? wide_.bytes.data() : nullptr,
               .valuesStride = wide_.stride,
               .scales = wide_.scales.data(),
               .rows = rows,
               .columns = columns});
}

// The channels of a layer's output stand behind those of its input, so that joining them costs nothing.
void SpeakerEmbedding::runBlock(const ContextBlock& block, float* x, size_t stride, int rows) {
  int inputs = block.inputs;
  for (const ContextLayer& layer : block.layers) {
    runLayer(layer, block.dilation, inputs, x, stride, rows);
    inputs += kGrowth;
  }
}

void SpeakerEmbedding::runLayer(const ContextLayer& layer, int dilation, int inputs, float* x, size_t stride,
                                int rows) {
  rectify(x, stride, rows, inputs, &layer.norm);
  const TapRows in = wide_.rows();
  float* const narrow = narrow_.floats.data() + kBorder * kNarrow;
  layer.bottleneck.run({&in, 1}, rows, {.data = narrow, .stride = kNarrow});
  const bool quantises = weights_->precision == Precision::Int8;
  rectifyRows({.in = narrow,
               .inStride = kNarrow,
               .out = narrow,
               .outStride = kNarrow,
               .values = quantises ? narrow_.bytes.data() + kBorder * kNarrow : nullptr,
               .valuesStride = kNarrow,
               .scales = narrow_.scales.data() + kBorder,
               .rows = rows,
               .columns = kNarrow});
  computeMasks(layer, rows);

  const TapRows taps[] = {narrow_.rows(kBorder - dilation), narrow_.rows(kBorder),
                          narrow_.rows(kBorder + dilation)};
  float* const out = x + inputs;
  layer.local.run(taps, rows, {.data = out, .stride = stride});
  for (int r = 0; r < rows; ++r) {
    float* const row = out + static_cast<size_t>(r) * stride;
    const float* const mask = masks_.data() + r / kSegment * kGrowth;
    for (int c = 0; c < kGrowth; ++c) row[c] *= mask[c];
  }
}

// A segment's mask follows from its mean and that of the whole sound.
void SpeakerEmbedding::computeMasks(const ContextLayer& layer, int rows) {
  const float* const narrow = narrow_.floats.data() + kBorder * kNarrow;
  const int segments = segmentsOf(rows);
  float whole[kNarrow] = {};
  for (int s = 0; s < segments; ++s) {
    float* const mean = means_.data() + s * kNarrow;
    const int first = s * kSegment, count = std::min(kSegment, rows - first);
    std::fill_n(mean, kNarrow, 0.0f);
    addRows(narrow + static_cast<size_t>(first) * kNarrow, count, mean);
    addRows(mean, 1, whole);
    for (int c = 0; c < kNarrow; ++c) mean[c] /= static_cast<float>(count);
  }
  for (int s = 0; s < segments; ++s)
    for (int c = 0; c < kNarrow; ++c)
      means_[static_cast<size_t>(s * kNarrow + c)] += whole[c] / static_cast<float>(rows);

  const TapRows means{.floats = means_.data(), .stride = kNarrow};
  layer.context1.run({&means, 1}, segments, {.data = hidden_.data(), .stride = kContext});
  for (int i = 0; i < segments * kContext; ++i)
    hidden_[static_cast<size_t>(i)] = std::max(hidden_[static_cast<size_t>(i)], 0.0f);
  const TapRows hidden{.floats = hidden_.data(), .stride = kContext};
  layer.context2.run({&hidden, 1}, segments, {.data = masks_.data(), .stride = kGrowth});
  for (int i = 0; i < segments * kGrowth; ++i) {
    float& mask = masks_[static_cast<size_t>(i)];
    mask = 1 / (1 + std::exp(-mask));
  }
}

// Mean and unbiased deviation of each channel over time.
void SpeakerEmbedding::embed(const float* x, size_t stride, int rows, std::span<float, kSize> embedding) {
  const ChannelNorm& norm = weights_->norm;
  const size_t channels = norm.factors.size();
  float* const y = x_[0].data() == x ? x_[1].data() : x_[0].data();
  rectifyRows({.in = x,
               .inStride = stride,
               .factors = norm.factors.data(),
               .offsets = norm.offsets.data(),
               .out = y,
               .outStride = stride,
               .rows = rows,
               .columns = static_cast<int>(channels)});
  std::fill(statistics_.begin(), statistics_.end(), 0.0f);
  float *const means = statistics_.data(), *const deviations = means + channels;
  for (int r = 0; r < rows; ++r)
    for (size_t c = 0; c < channels; ++c) means[c] += y[static_cast<size_t>(r) * stride + c];
  for (size_t c = 0; c < channels; ++c) means[c] /= static_cast<float>(rows);
  for (int r = 0; r < rows; ++r)
    for (size_t c = 0; c < channels; ++c) {
      const float from = y[static_cast<size_t>(r) * stride + c] - means[c];
      deviations[c] += from * from;
    }
  for (size_t c = 0; c < channels; ++c)
    deviations[c] = std::sqrt(deviations[c] / static_cast<float>(rows - 1));
  const TapRows in{.floats = statistics_.data(), .stride = statistics_.size()};
  weights_->dense.run({&in, 1}, 1, {.data = embedding.data(), .stride = kSize});
}

}  // namespace npuspeech
