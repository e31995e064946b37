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

/// Keys and values of a window's states for cross-attention, as the model's precision wants them.
struct CpuCrossCache : CrossAttentionCache {
  /// Elements of one layer, in whichever array is in use.
  size_t layerSize = 0;
  /// Float32: [layer][rows][2 width], keys beside values.
  AlignedVector<float> floats;
  /// Int8: [layer][head], each as packAttentionI8() writes it.
  AlignedVector<unsigned char> packed;
  /// [rows]: the logarithm of the number of rows that each one stands for.
  AlignedVector<float> keyBias;
};

/// states: [shape.rows()][width]. `input` and `rows` are working memory that is kept from window to window.
std::shared_ptr<const CpuCrossCache> makeCrossCache(ThreadPool& pool, const CpuWeights& weights,
                                                    const float* states, const WindowShape& shape,
                                                    Operand& input, AlignedVector<float>& rows);

/// Tokens with their keys and values for self-attention.
class CpuSequence : public Sequence {
 public:
  CpuSequence(const CpuWeights& weights, size_t alignmentHeads,
              std::shared_ptr<const CrossAttentionCache> cross);
  /// The same tokens, to grow on their own.
  CpuSequence(const CpuWeights& weights, const CpuSequence& from);

  std::span<const float> alignment(int position) const override {
    return {alignment_.data() + static_cast<size_t>(position) * alignmentStride_, alignmentStride_};
  }

  const CpuCrossCache& cross() const { return static_cast<const CpuCrossCache&>(*cross_); }
  /// Takes the next position, and returns it.
  int grow() { return length_++; }
  /// Keys of a layer, [textContext][width]; its values lie behind them.
  float* keys(size_t layer) { return keysAndValues_.data() + 2 * layer * partSize_; }
  float* values(size_t layer) { return keys(layer) + partSize_; }
  /// Where an alignment head looks for the token at `position`: [audioRows].
  float* alignmentRow(int position, size_t head) {
    return alignment_.data() + static_cast<size_t>(position) * alignmentStride_ +
           head * static_cast<size_t>(cross_->audioRows);
  }

 private:
  AlignedVector<float> keysAndValues_;  // [layer][K, V][textContext][width]
  AlignedVector<float> alignment_;      // [textContext][alignment heads][audioRows]
  size_t partSize_, alignmentStride_;   // floats of the keys of a layer; of all heads at one position
};

}  // namespace npuspeech
