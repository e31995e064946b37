// SPDX-License-Identifier: LGPL-2.1-or-later
// The JSON files of a Hugging Face model folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "speech/model/canonical_tensors.h"
#include "speech/model/vocabulary_parts.h"

namespace npuspeech {

/// All take a whole file; `path` is for the errors, which are BadFile.

/// The sizes of config.json, unchecked, of a model whose model_type is "whisper".
Result<ModelSizes> parseHuggingFaceSizes(std::string_view text, const std::string& path);

/// What config.json, and generation_config.json over it, say of tokens and heads. Null and empty lists count
/// as none.
struct HuggingFaceTokens {
  std::optional<bool> isMultilingual;
  std::optional<std::vector<Token>> suppressed, suppressedFirst;
  std::vector<std::pair<int32_t, int32_t>> alignmentHeads;
};
Result<HuggingFaceTokens> parseHuggingFaceTokens(std::string_view text, const std::string& path);

/// The files that model.safetensors.index.json names, each once: names without a folder.
Result<std::vector<std::string>> parseShardIndex(std::string_view text, const std::string& path);

}  // namespace npuspeech
