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

/// The weights of an encoder layer.
struct EncoderLayer {
  LayerNorm attentionNorm, ffnNorm;
  Linear qkv, attentionOut, ffn1, ffn2;
};

/// The weights of a decoder layer.
struct DecoderLayer {
  LayerNorm selfNorm, crossNorm, ffnNorm;
  Linear selfQkv, selfOut, crossQ, crossKv, crossOut, ffn1, ffn2;
};

/// The weights, sizes and vocabulary of a model. Immutable; thread-safe.
struct CpuWeights {
  /// The model's name.
  std::string name;
  /// The precision that the layers are packed for.
  Precision precision = Precision::Float32;
  /// The sizes, as ModelSizes has them.
  int melBins = 0, audioContext = 0, textContext = 0, width = 0, ffnWidth = 0, heads = 0, vocabularySize = 0;

  /// The convolutions, as products on three consecutive rows. The first one is small, and always in float32.
  Linear conv1, conv2;
  /// The output of the convolutions where all log-mel is padding: [width].
  AlignedVector<float> paddingState;
  /// The position embeddings of the encoder: [audioContext][width].
  AlignedVector<float> audioPositions;
  /// The position embeddings of the decoder: [textContext][width].
  AlignedVector<float> textPositions;
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  LayerNorm encoderNorm, decoderNorm;
  /// The projection to logits, which is also the table of token embeddings.
  Linear projection;
  std::shared_ptr<const Vocabulary> vocabulary;

  /// Packs the model, or reads the file of packed weights beside it. Errors name the file and tensor at
  /// fault; Cancelled after `stop`.
  static Result<std::shared_ptr<const CpuWeights>> load(const ModelSource& model, Precision precision,
                                                        const std::function<void(double)>& progress,
                                                        std::stop_token stop);
  /// Opens the model at `path`, and loads it in the same way.
  static Result<std::shared_ptr<const CpuWeights>> load(const std::string& path, Precision precision,
                                                        const std::function<void(double)>& progress,
                                                        std::stop_token stop);
};

}  // namespace npuspeech
