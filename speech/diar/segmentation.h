// SPDX-License-Identifier: LGPL-2.1-or-later
// The segmentation network: which of three voices speak in a window of sound, and when.
#pragma once

#include <memory>
#include <span>

#include "speech/diar/segmentation_weights.h"
#include "speech/diar/window_geometry.h"

namespace npuspeech {

/// Looks at windows one after the other. One object is of one thread at a time. Its memory, 6 MB, is that of
/// the longest window from the start, and nothing is allocated once warm. A window that goes on from the one
/// before it, by kHop samples or from the same start, costs less: its filters' outputs are kept.
class Segmentation {
 public:
  static constexpr int kMostSamples = diar::kWindow, kLeastSamples = 991, kHop = diar::kHop;
  static constexpr int kSpeakers = SegmentationWeights::kSpeakers;
  static_assert(kSpeakers == diar::kLocalSpeakers);

  explicit Segmentation(std::shared_ptr<const SegmentationWeights> weights);

  /// Reads a window of kLeastSamples to kMostSamples samples at 16 kHz. Writes
  /// [diar::activityFrames(samples)][kSpeakers] activities in [0, 1]; which voice is which is arbitrary in
  /// every window.
  void run(std::span<const float> samples, std::span<float> activities);

 private:
  float* filteredRow(int row);
  int keepFiltered(std::span<const float> samples);
  void filter(std::span<const float> samples);
  void poolFiltered(std::span<const float> samples, int rows);
  void convolve(const LayerF32& layer, const float* in, int rows, float* out);
  void recur(const SegmentationWeights::Recurrent& layer, const float* in, size_t inStride, int rows,
             float* out);

  const std::shared_ptr<const SegmentationWeights> weights_;
  AlignedVector<float> window_;    // the newest
  int samples_ = 0, first_ = 0;    // its length, and where its first row is in filtered_
  AlignedVector<float> filtered_;  // [7975][80], a ring: of the sound as it is
  AlignedVector<float> pooled_;    // [2658][80]
  AlignedVector<float> products_;  // [rows][60]: a part of a convolution, before pooling
  AlignedVector<float> narrow_[2];
  AlignedVector<float> gates_;    // [frames][forwards, backwards][4][128]
  AlignedVector<float> rows_[2];  // [frames][forwards, backwards][128]
};

}  // namespace npuspeech
