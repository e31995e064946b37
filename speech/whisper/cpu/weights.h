// SPDX-License-Identifier: LGPL-2.1-or-later
// A Whisper model's weights, packed for the CPU's kernels.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/result.h"
#include "speech/model/model_source.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/cpu/linear.h"

namespace npuspeech {

struct EncoderLayer {
  LayerNorm attentionNorm, ffnNorm;
  Linear qkv, attentionOut, ffn1, ffn2;
};

struct DecoderLayer {
  LayerNorm selfNorm, crossNorm, ffnNorm;
  Linear selfQkv, selfOut, crossQ, crossKv, crossOut, ffn1, ffn2;
};

/// Everything that a model holds. Immutable; thread-safe.
struct CpuWeights {
  std::string name;
  Precision precision = Precision::Float32;
  int melBins = 0, audioContext = 0, textContext = 0, width = 0, ffnWidth = 0, heads = 0, vocabularySize = 0;

  Linear conv1, conv2;  // as products on three consecutive rows; the first in float32 always: it is small
  AlignedVector<float> paddingState;  // [width]: what the convolutions give where the log-mel is all padding
  AlignedVector<float> audioPositions;  // [audioContext][width]
  AlignedVector<float> textPositions;   // [textContext][width]
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  LayerNorm encoderNorm, decoderNorm;
  Linear projection;  // also the embedding table
  std::shared_ptr<const Vocabulary> vocabulary;

  /// Packs the model, or reads the file of packed weights beside it. Errors name the file and tensor at
  /// fault; Cancelled after `stop`.
  static Result<std::shared_ptr<const CpuWeights>> load(const ModelSource& model, Precision precision,
                                                        const std::function<void(double)>& progress,
                                                        std::stop_token stop);
  /// Of the model at `path`.
  static Result<std::shared_ptr<const CpuWeights>> load(const std::string& path, Precision precision,
                                                        const std::function<void(double)>& progress,
                                                        std::stop_token stop);
};

}  // namespace npuspeech
