// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's encoder on the CPU: log-mel in, states out, for the audio's rows and one row per padding block.
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
  /// The same from and to any memory. False when `stop` ended it before its end.
  bool encode(const float* logMel, const WindowShape& shape, float* states, const std::stop_token& stop);

 private:
  void convolve(const float* mel, const WindowShape& shape, float* states);
  void runLayer(const EncoderLayer& layer, int rows, float* states);

  const std::shared_ptr<const CpuWeights> weights_;
  const std::shared_ptr<ThreadPool> pool_;
  std::mutex mutex_;                // one window at a time: guards what follows
  AlignedVector<float> hidden_;     // [frames + 4][width]: the first convolution, a zero row in front
  AlignedVector<float> edge_;       // log-mel at both ends with the padding around it
  AlignedVector<float> qkv_;        // [rows][3 width]
  AlignedVector<float> attended_;   // [rows][width]
  AlignedVector<float> keyBias_;    // [rows]
  Operand audio_, input_, inside_;  // of the first convolution; of every other layer; inside the FFN
  AttentionF32Scratch scratchF32_;
  AttentionI8Scratch scratchI8_;
};

}  // namespace npuspeech
