// SPDX-License-Identifier: LGPL-2.1-or-later
// The tiny model in other formats than CTranslate2's.
#pragma once

#include <string>

#include "tests/support/tiny_model.h"

namespace npuspeech::test {

struct HuggingFaceOptions {
  int shards = 1;                  // more than one: with an index
  bool onlyTokenizerJson = false;  // the vocabulary; else vocab.json and added_tokens.json
  bool hasGenerationConfig = true;
  bool hasPrefix = true;  // "model." before the names, as of models that were saved with their projection
};

/// Writes the model into `folder`, which must exist, as transformers saves it.
void writeTinyHuggingFace(const std::string& folder, const TinyModelOptions& options = {},
                          const HuggingFaceOptions& format = {});

/// Writes the model as a file of whisper.cpp whose matrices have the type Float32, Float16, or one in blocks.
/// Its vocabulary is too small for such a file to be multilingual.
void writeTinyGgml(const std::string& path, const TinyModelOptions& options = {},
                   TensorType matrices = TensorType::Float16);

}  // namespace npuspeech::test
