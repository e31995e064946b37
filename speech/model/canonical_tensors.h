// SPDX-License-Identifier: LGPL-2.1-or-later
// The tensors of every Whisper model, by the names that this project knows them by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace npuspeech {

/// Whisper's heads are this wide in every published size (Radford et al., 2022, table 1); other models are
/// refused.
inline constexpr int kHeadDim = 64;

/// Encoder and decoder share the width, the width inside of their feed-forward layers, and the heads.
struct ModelSizes {
  int melBins = 0;        // 80, or 128
  int audioContext = 0;   // rows of states of a full window: 1500
  int textContext = 0;    // tokens of a prompt and its answer: 448
  int width = 0;          // of a state: 512 for base
  int ffnWidth = 0;       // 2048 for base
  int heads = 0;          // 8 for base
  int encoderLayers = 0;  // 6 for base
  int decoderLayers = 0;
  int vocabularySize = 0;  // tokens
  bool operator==(const ModelSizes&) const = default;
};

/// One tensor. Its name is "<module>/<leaf>", as CTranslate2 has it: "encoder/layer_3/ffn/linear_0/weight".
struct CanonicalTensor {
  std::string_view module;  // with N in place of the layer's number
  std::string_view leaf;    // "weight", "bias", "gamma", "beta" or "encodings"
  int layer = -1;           // none
  std::vector<int64_t> dims;
  std::string name() const;
};

/// All tensors of a model of these sizes, which are positive. What canonical_tensors.cpp lists is all there
/// is.
std::vector<CanonicalTensor> canonicalTensors(const ModelSizes& sizes);

/// `pattern` with N replaced by the number of a layer.
std::string withLayer(std::string_view pattern, int layer);

}  // namespace npuspeech
