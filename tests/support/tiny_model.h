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

/// What the model has beside the sizes above. Two encoder and two decoder layers of two heads each.
struct TinyModelOptions {
  bool multilingual = true;                  // false: as whisper-*.en, with vocabulary.txt
  TensorType weights = TensorType::Float16;  // of the matrices: Float32, Float16 or Int8 with scales
  int melBins = 80;
  uint64_t seed = 1;
  /// What the model says, whatever it hears: words of tinyWords(), then the end of text. The first language
  /// token is its language. Empty: what random weights say, up to the token limit.
  std::vector<std::string> says;
  int textContext = kTinyTextContext;
  /// Of the last layer norm: 1e38 makes logits that are no numbers.
  float gain = 1;
  /// True: the first logits of a window also say that nothing was spoken, with a probability near 1.
  bool hearsNothing = false;
};

/// The words whose tokens the vocabulary has whole, with a space before them.
const std::vector<std::string>& tinyWords();
/// The vocabulary's entries in order, as its file holds them.
std::vector<std::string> tinyVocabulary(bool multilingual);

/// The tensors of the model, with the names and shapes of CTranslate2, ordered by name.
std::vector<NamedTensor> tinyTensors(const TinyModelOptions& options);

/// Writes config.json, and vocabulary.json or vocabulary.txt into `folder`, which must exist.
void writeTinyVocabulary(const std::string& folder, bool multilingual);
/// The same and model.bin: 3 MB in some 40 ms. Equal options give equal bytes. tiny_formats.h has other
/// formats.
void writeTinyModel(const std::string& folder, const TinyModelOptions& options = {});

}  // namespace npuspeech::test
