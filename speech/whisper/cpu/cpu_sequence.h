// SPDX-License-Identifier: LGPL-2.1-or-later
// The K/V caches of the CPU's decoder.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "speech/whisper/cpu/weights.h"
#include "speech/whisper/decoder.h"

namespace npuspeech {

/// The cross-attention keys and values of a window, in the form of the model's precision.
struct CpuCrossCache : CrossAttentionCache {
  /// The number of elements of one layer in the array that is used.
  size_t layerSize = 0;
  /// For Float32: [layer][rows][2 width], the values of a row after its keys.
  AlignedVector<float> floats;
  /// For Int8: [layer][head], each as packAttentionI8() writes it.
  AlignedVector<unsigned char> packed;
  /// The logarithm of the number of rows that each one stands for: [rows].
  AlignedVector<float> keyBias;
};

/// Computes the cache of a window. `states` are [shape.rows()][width] float32. `input` is working memory that
/// the caller keeps from window to window.
std::shared_ptr<const CpuCrossCache> makeCrossCache(ThreadPool& pool, const CpuWeights& weights,
                                                    const float* states, const WindowShape& shape,
                                                    Operand& input);

/// A sequence with its self-attention keys and values.
class CpuSequence : public Sequence {
 public:
  CpuSequence(const CpuWeights& weights, size_t alignmentHeads,
              std::shared_ptr<const CrossAttentionCache> cross);
  /// Copies `from`; the copy grows independently.
  CpuSequence(const CpuWeights& weights, const CpuSequence& from);

  std::span<const Probability16> alignment(int position) const override {
    return {alignment_.data() + static_cast<size_t>(position) * alignmentStride_, alignmentStride_};
  }

  void finish() override { keysAndValues_ = {}; }

  const CpuCrossCache& cross() const { return static_cast<const CpuCrossCache&>(*cross_); }
  /// Adds a token, and returns its position.
  int grow() { return length_++; }
  /// The keys of a layer: [textContext][width].
  float* keys(size_t layer) { return keysAndValues_.data() + 2 * layer * partSize_; }
  /// The values of a layer: [textContext][width].
  float* values(size_t layer) { return keys(layer) + partSize_; }
  /// The attention weights of one alignment head for the token at `position`: [audioRows].
  Probability16* alignmentRow(int position, size_t head) {
    return alignment_.data() + static_cast<size_t>(position) * alignmentStride_ +
           head * static_cast<size_t>(cross_->audioRows);
  }

 private:
  /// Keys and values of all layers: [layer][K, V][textContext][width].
  AlignedVector<float> keysAndValues_;
  /// Attention weights: [textContext][alignment heads][audioRows].
  AlignedVector<Probability16> alignment_;
  /// The number of floats of a layer's keys.
  size_t partSize_;
  /// The number of values of alignment_ for one position.
  size_t alignmentStride_;
};

}  // namespace npuspeech
