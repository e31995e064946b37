// SPDX-License-Identifier: LGPL-2.1-or-later
// The weights of CAM++, as its layers compute with them: batch norms folded, products packed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "speech/diar/embedding_head.h"

namespace npuspeech {

/// A batch norm before a rectifier: x * factors + offsets.
struct ChannelNorm {
  AlignedVector<float> factors, offsets;
};

/// A layer that adds 32 channels to its input, and masks them by what is said around them.
struct ContextLayer {
  ChannelNorm norm;               // of the input
  TapProduct bottleneck;          // to 128 channels
  TapProduct local;               // to 32, with three taps
  TapProduct context1, context2;  // 128 to 64 to 32, always in Float32
};

/// Layers, and the product behind them that halves the channels.
struct ContextBlock {
  int dilation = 1;  // of the local taps
  int inputs = 0;
  std::vector<ContextLayer> layers;
  ChannelNorm norm;
  TapProduct transit;
};

/// Immutable: any number of streams may share them.
struct SpeakerEmbeddingWeights {
  /// Reads speaker-embedding.safetensors, which `tools/fetch-model diarization` makes: the tensors of
  /// campplus_cn_en_common by their names there. Int8 takes a quarter of the memory and of the time; its
  /// embeddings have a cosine distance of 7e-4 to those of Float32, 3e-3 at most. Errors: NotFound, BadFile.
  static Result<std::shared_ptr<const SpeakerEmbeddingWeights>> load(const std::string& path,
                                                                     Precision precision = Precision::Int8);

  Precision precision = Precision::Float32;
  HeadWeights head;
  TapProduct first;  // of five frames of the head
  std::vector<ContextBlock> blocks;
  ChannelNorm norm;  // of what the statistics are of
  TapProduct dense;  // of the statistics, always in Float32
};

}  // namespace npuspeech
