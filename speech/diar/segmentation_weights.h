// SPDX-License-Identifier: LGPL-2.1-or-later
// The weights of the segmentation network, packed for the kernels.
#pragma once

#include <memory>
#include <string>

#include "base/aligned.h"
#include "base/result.h"
#include "kernels/matmul_f32/layer_f32.h"

namespace npuspeech {

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
    LayerF32 inputs;                    // both directions' gates, one behind the other
    AlignedVector<float> recurrent[2];  // forwards, backwards, packed for lstmF32
  };

  /// Reads speaker-segmentation.safetensors, which tools/fetch-model writes. Errors: NotFound, BadFile.
  static Result<std::shared_ptr<const SegmentationWeights>> load(const std::string& path);

  float waveScale = 1, waveOffset = 0;
  LayerF32 filters;
  AlignedVector<float> filterSums;  // [kFilters], what each gives for a constant 1
  LayerF32 convolutions[2];
  SegmentationNorm norms[3];
  Recurrent recurrent[kRecurrentLayers];
  LayerF32 linear[2], classifier;
};

}  // namespace npuspeech
