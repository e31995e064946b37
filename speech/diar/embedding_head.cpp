// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/embedding_head.h"

#include <algorithm>

#include "kernels/rectify_rows/rectify_rows.h"

namespace npuspeech {

void EmbeddingHead::Frame::resize(int height) {
  const size_t size = static_cast<size_t>(height + 2) * kChannels;
  floats.assign(size, 0.0f);
  bytes.assign(size, 0);
  scales.assign(static_cast<size_t>(height), RowScale{});
}

TapRows EmbeddingHead::Frame::rows(int from, int step) const {
  const size_t offset = static_cast<size_t>(from) * kChannels;
  return {floats.data() + offset, bytes.data() + offset, scales.data(),
          static_cast<size_t>(step) * kChannels};
}

EmbeddingHead::EmbeddingHead(const HeadWeights& weights, Precision precision)
    : weights_(weights), precision_(precision), columns_(3 * (kBins + 2)), sums_(kBins * kChannels) {
  int height = kBins;
  for (size_t layer = 0; layer < heights_.size(); ++layer) {
    height /= weights.layers[layer].step;
    heights_[layer] = height;
    for (Frame& frame : kept_[layer]) frame.resize(height);
  }
  zeros_.resize(kBins);
}

// A layer reads one frame of the future: each is a frame behind the one before it.
void EmbeddingHead::run(const float* frames, int count, float* out) {
  for (int now = 0; now < count + HeadWeights::kLayers - 1; ++now)
    for (int layer = 0; layer < HeadWeights::kLayers; ++layer) {
      const int time = now - layer;
      if (time < 0 || time >= count) continue;
      if (layer == 0)
        computeFirst(frames, count, time);
      else
        computeLayer(layer, time, count, out);
    }
}

void EmbeddingHead::computeFirst(const float* frames, int count, int time) {
  // Three times side by side make the three by three values around a frequency one row.
  std::fill(columns_.begin(), columns_.end(), 0.0f);
  for (int tap = 0; tap < 3; ++tap) {
    const int from = time + tap - 1;
    if (from < 0 || from >= count) continue;
    const float* const frame = frames + static_cast<size_t>(from) * kBins;
    for (int bin = 0; bin < kBins; ++bin) columns_[static_cast<size_t>(3 * (bin + 1) + tap)] = frame[bin];
  }
  const TapRows rows{.floats = columns_.data(), .stride = 3};
  weights_.first.run({&rows, 1}, kBins, {.data = sums_.data(), .stride = kChannels});
  keep(0, time, sums_.data());
}

void EmbeddingHead::computeLayer(int layer, int time, int count, float* out) {
  const HeadLayer& weights = weights_.layers[static_cast<size_t>(layer)];
  const int height = heights_[static_cast<size_t>(layer)];
  const bool isLast = layer == HeadWeights::kLayers - 1;
  TapOut sums{.data = isLast ? out + static_cast<size_t>(time) * kOutputs : sums_.data(),
              .stride = kChannels};
  if (weights.addsInput) {
    const Frame& before = frameAt(layer - 2, time, count);
    const int step = heights_[static_cast<size_t>(layer) - 2] / height;
    const TapRows rows = before.rows(1, step);
    sums.residual = rows.floats;
    sums.residualStride = kChannels;
    if (weights.shortcut.taps() > 0) {
      weights.shortcut.run({&rows, 1}, height, {.data = sums.data, .stride = kChannels});
      sums.residual = sums.data;
    }
  }
  TapRows taps[3];
  for (int tap = 0; tap < 3; ++tap)
    taps[tap] = frameAt(layer - 1, time + tap - 1, count).rows(0, weights.step);
  weights.convolution.run(taps, height, sums);
  if (!isLast) keep(layer, time, sums.data);
}

const EmbeddingHead::Frame& EmbeddingHead::frameAt(int layer, int time, int count) const {
  if (time < 0 || time >= count) return zeros_;
  return kept_[static_cast<size_t>(layer)][static_cast<size_t>(time % kKept)];
}

void EmbeddingHead::keep(int layer, int time, const float* sums) {
  Frame& frame = kept_[static_cast<size_t>(layer)][static_cast<size_t>(time % kKept)];
  RowScale scale;
  const bool quantises = precision_ == Precision::Int8;
  rectifyRows({.in = sums,
               .out = frame.floats.data() + kChannels,
               .values = quantises ? frame.bytes.data() + kChannels : nullptr,
               .scales = &scale,
               .rows = 1,
               .columns = heights_[static_cast<size_t>(layer)] * kChannels});
  if (quantises) std::fill(frame.scales.begin(), frame.scales.end(), scale);
}

}  // namespace npuspeech
