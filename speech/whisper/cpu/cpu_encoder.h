// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's encoder on the CPU. It computes the rows of audio, and one row for each padding block.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "kernels/attention_f32/attention_f32.h"
#include "kernels/attention_i8/attention_i8.h"
#include "speech/whisper/cpu/weights.h"
#include "speech/whisper/encoder.h"

namespace npuspeech {

/// Keeps its working memory from window to window (24 MB for a full window of base).
class CpuEncoder : public Encoder {
 public:
  CpuEncoder(std::shared_ptr<const CpuWeights> weights, std::shared_ptr<ThreadPool> pool);

  Result<void> encode(const npu::BufferObject& logMel, const WindowShape& shape, npu::BufferObject& states,
                      const std::stop_token& stop) override;
  /// Encodes from and to any memory. False where `stop` interrupted it.
  bool encode(const float* logMel, const WindowShape& shape, float* states, const std::stop_token& stop);

 private:
  void convolve(const float* mel, const WindowShape& shape, float* states);
  void runLayer(const EncoderLayer& layer, int rows, float* states);

  const std::shared_ptr<const CpuWeights> weights_;
  const std::shared_ptr<ThreadPool> pool_;

  /// Held while a window is encoded. It guards all fields below.
  std::mutex mutex_;
  /// The log-mel at both ends of the window, with the padding around it.
  AlignedVector<float> edge_;
  /// The output of the first convolution, with a row of zeros in front: [hidden rows + 1][width]; then
  /// queries, keys and values of each layer: [rows][3 width].
  AlignedVector<float> wide_;
  /// The output of the attention: [rows][width].
  AlignedVector<float> attended_;
  /// The logarithm of the number of rows that each one stands for: [rows].
  AlignedVector<float> keyBias_;
  /// The input of the first convolution.
  Operand audio_;
  /// The input of every other layer.
  Operand input_;
  /// The values between the two products of the feed-forward part.
  Operand inside_;

  AttentionF32Scratch scratchF32_;
  AttentionI8Scratch scratchI8_;
};

}  // namespace npuspeech
