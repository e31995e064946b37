// SPDX-License-Identifier: LGPL-2.1-or-later
// The weights of the segmentation network, packed for the kernels.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/aligned.h"
#include "base/result.h"

namespace npuspeech {

/// A linear map of rows, or a convolution, whose rows overlap: out = weights * in + bias.
struct SegmentationLayer {
  AlignedVector<float> packed, bias;
  int outputs = 0, depth = 0;

  /// Packs weights [outputs][depth].
  void set(std::span<const float> weights, AlignedVector<float> biases, int outputCount, int depthCount);
  /// Computes `rows` rows on the calling thread; strides are in floats from row to row.
  void run(const float* in, size_t inStride, int rows, float* out, size_t outStride) const;
};

/// Scales and offsets of a normalisation, by channel.
struct SegmentationNorm {
  AlignedVector<float> scales, offsets;
};

/// Immutable: any number of Segmentation objects may share them.
struct SegmentationWeights {
  static constexpr int kFilters = 80, kFilterTaps = 251;
  static constexpr int kChannels = 60, kTaps = 5;  // of a convolution
  static constexpr int kUnits = 128, kGates = 4 * kUnits, kRecurrentLayers = 4;
  static constexpr int kHidden = 128, kSpeakers = 3;

  /// A layer that reads its input forwards and backwards.
  struct Recurrent {
    SegmentationLayer inputs;           // both directions' gates, one behind the other
    AlignedVector<float> recurrent[2];  // forwards, backwards, packed for lstmF32
  };

  /// Reads speaker-segmentation.safetensors, which tools/fetch-model writes. Errors: NotFound, BadFile.
  static Result<std::shared_ptr<const SegmentationWeights>> load(const std::string& path);

  float waveScale = 1, waveOffset = 0;
  SegmentationLayer filters;
  AlignedVector<float> filterSums;  // [kFilters], what each gives for a constant 1
  SegmentationLayer convolutions[2];
  SegmentationNorm norms[3];
  Recurrent recurrent[kRecurrentLayers];
  SegmentationLayer linear[2], classifier;
};

}  // namespace npuspeech
