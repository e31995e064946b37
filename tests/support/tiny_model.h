// SPDX-License-Identifier: LGPL-2.1-or-later
// A Whisper model folder small enough to make for every test: random weights, every part of a real one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "speech/model/tensor_file.h"
#include "tests/support/tensor_writer.h"

namespace npuspeech::test {

inline constexpr int kTinyStateWidth = 128;
inline constexpr int kTinyHeads = 2;
inline constexpr int kTinyLayers = 2;
inline constexpr int kTinyAudioContext = 1500;
inline constexpr int kTinyTextContext = 448;

/// How a model is written, beside the sizes above. It has two encoder and two decoder layers of two heads
/// each.
struct TinyModelOptions {
  /// False: an English-only model as whisper-*.en, with vocabulary.txt.
  bool multilingual = true;
  /// The type of the matrices: Float32, Float16, or Int8 with scales.
  TensorType weights = TensorType::Float16;
  /// The number of mel bins.
  int melBins = 80;
  /// The seed of the random weights.
  uint64_t seed = 1;
  /// What the model says whatever it hears: words of tinyWords(), before the end of text. It detects the
  /// first language. Empty: what random weights say, up to the token limit.
  std::vector<std::string> says;
  /// The number of tokens in the text context.
  int textContext = kTinyTextContext;
  /// The gain of the last layer norm. 1e38 makes logits that are not numbers.
  float gain = 1;
  /// True: the model states for each window with a probability near 1 that it holds no speech.
  bool hearsNothing = false;
};

/// The words that are single tokens of the vocabulary, with a space before them.
const std::vector<std::string>& tinyWords();
/// The entries of the vocabulary in order, as its file holds them.
std::vector<std::string> tinyVocabulary(bool multilingual);

/// The tensors of the model, with the names and shapes of CTranslate2, ordered by name.
std::vector<NamedTensor> tinyTensors(const TinyModelOptions& options);

/// Writes config.json, and vocabulary.json or vocabulary.txt into `folder`, which must exist.
void writeTinyVocabulary(const std::string& folder, bool multilingual);
/// Writes the same files and model.bin, 3 MB in about 40 ms. Equal options give equal bytes. tiny_formats.h
/// has other formats.
void writeTinyModel(const std::string& folder, const TinyModelOptions& options = {});

}  // namespace npuspeech::test
