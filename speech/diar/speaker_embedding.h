// SPDX-License-Identifier: LGPL-2.1-or-later
// CAM++: what a voice sounds like, as a vector.
#pragma once

#include <memory>
#include <span>

#include "speech/diar/speaker_embedding_weights.h"

namespace npuspeech {

/// Computes embeddings one after the other. One object is of one thread at a time. Its memory grows to the
/// longest sound seen, 10 KB a frame; nothing is allocated once warm.
class SpeakerEmbedding {
 public:
  static constexpr int kBins = EmbeddingHead::kBins;
  /// The values of an embedding.
  static constexpr int kSize = 192;
  /// Fewer frames than this tell nothing of a voice.
  static constexpr int kLeastFrames = 30;

  explicit SpeakerEmbedding(std::shared_ptr<const SpeakerEmbeddingWeights> weights);

  /// Reads frames of Fbank, [count][kBins], of one voice: those of several places are put one behind the
  /// other. Their mean is subtracted here. `count` is at least kLeastFrames. Writes the embedding, which is
  /// not normalised: it is compared by its direction.
  void run(std::span<const float> frames, std::span<float, kSize> embedding);

 private:
  /// Rectified rows that products read.
  struct Operand {
    AlignedVector<float> floats;
    AlignedVector<uint8_t> bytes;
    AlignedVector<RowScale> scales;
    size_t stride = 0;

    TapRows rows(int from = 0) const;
  };

  void reserve(int frames);
  void rectify(const float* in, size_t stride, int rows, int columns, const ChannelNorm* norm);
  void runBlock(const ContextBlock& block, float* x, size_t stride, int rows);
  void runLayer(const ContextLayer& layer, int dilation, int inputs, float* x, size_t stride, int rows);
  void computeMasks(const ContextLayer& layer, int rows);
  void embed(const float* x, size_t stride, int rows, std::span<float, kSize> embedding);

  const std::shared_ptr<const SpeakerEmbeddingWeights> weights_;
  EmbeddingHead head_;
  AlignedVector<float> normal_;      // [frames][kBins], without their mean
  AlignedVector<float> headOut_;     // [2 + frames + 2][kOutputs of the head], with zeros as borders
  AlignedVector<float> x_[2];        // [rows][1024]: the channels of a block, and of the next one
  Operand wide_;                     // [rows], what wide products read
  Operand narrow_;                   // [2 + rows + 2][128], with zeros as borders
  AlignedVector<float> means_;       // [segments][128]
  AlignedVector<float> hidden_;      // [segments][64]
  AlignedVector<float> masks_;       // [segments][32]
  AlignedVector<float> statistics_;  // mean and deviation of each channel
};

}  // namespace npuspeech
