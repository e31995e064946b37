// SPDX-License-Identifier: LGPL-2.1-or-later
// The first part of CAM++: ten convolutions over frequency and time, with residuals.
#pragma once

#include <array>
#include <cstddef>

#include "base/aligned.h"
#include "speech/diar/tap_product.h"

namespace npuspeech {

/// A convolution of 3 x 3 and what is added before it is rectified. Batch norms are folded.
struct HeadLayer {
  TapProduct convolution;  // a tap for each of the three frames, [3 frequencies][channels] deep
  TapProduct shortcut;     // of the input of the layer before; empty where that is added as it is, or nothing
  int step = 1;            // over frequencies
  bool addsInput = false;  // of the layer before
};

struct HeadWeights {
  static constexpr int kLayers = 10;
  TapProduct first;                       // of one channel: 9 deep, frequency major, always in Float32
  std::array<HeadLayer, kLayers> layers;  // the first has no convolution of its own
};

/// Computes the head frame by frame: three frames of each layer are all its memory, however long the sound.
/// One object is of one thread at a time.
class EmbeddingHead {
 public:
  static constexpr int kBins = 80, kChannels = 32;
  /// The values of a frame: [10 frequencies][32 channels].
  static constexpr int kOutputs = 10 * kChannels;

  /// `weights` must stay.
  EmbeddingHead(const HeadWeights& weights, Precision precision);

  /// Reads frames[count][kBins], with zeros before and behind them, and writes out[count][kOutputs], not yet
  /// rectified.
  void run(const float* frames, int count, float* out);

 private:
  /// The rectified output of a layer at one time: [1 + height + 1][kChannels], with zeros as borders.
  struct Frame {
    AlignedVector<float> floats;
    AlignedVector<uint8_t> bytes;
    AlignedVector<RowScale> scales;  // [height], all the same

    void resize(int height);
    TapRows rows(int from, int step) const;
  };

  void computeFirst(const float* frames, int count, int time);
  void computeLayer(int layer, int time, int count, float* out);
  const Frame& frameAt(int layer, int time, int count) const;
  void keep(int layer, int time, const float* sums);

  static constexpr int kKept = 3;
  const HeadWeights& weights_;
  const Precision precision_;
  std::array<int, HeadWeights::kLayers> heights_{};
  std::array<std::array<Frame, kKept>, HeadWeights::kLayers> kept_;  // the frame of time t at t % kKept
  Frame zeros_;
  AlignedVector<float> columns_;  // [kBins + 2][3]: what the first convolution reads
  AlignedVector<float> sums_;     // [kBins][kChannels]
};

}  // namespace npuspeech
