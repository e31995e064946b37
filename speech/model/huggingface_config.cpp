// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/huggingface_config.h"

#include <set>

#include "speech/model/json_values.h"

namespace npuspeech {
namespace {

constexpr size_t kMaxShards = 1024;

struct NamedSize {
  const char* key;
  int ModelSizes::*size;
};
constexpr NamedSize kSizes[] = {
    {"num_mel_bins", &ModelSizes::melBins},
    {"max_source_positions", &ModelSizes::audioContext},
    {"max_target_positions", &ModelSizes::textContext},
    {"d_model", &ModelSizes::width},
    {"encoder_ffn_dim", &ModelSizes::ffnWidth},
    {"encoder_attention_heads", &ModelSizes::heads},
    {"encoder_layers", &ModelSizes::encoderLayers},
    {"decoder_layers", &ModelSizes::decoderLayers},
    {"vocab_size", &ModelSizes::vocabularySize},
};

/// False where `key` is there but is no list of tokens.
bool readTokens(const Json& object, const char* key, std::optional<std::vector<Token>>& tokens) {
  std::vector<Token> list;
  if (!readNumbers(object, key, list)) return false;
  if (!list.empty()) tokens = std::move(list);
  return true;
}

}  // namespace

Result<ModelSizes> parseHuggingFaceSizes(std::string_view text, const std::string& path) {
  const auto json = parseJsonObject(text, path);
  if (!json) return json.error();
  const auto type = json->find("model_type");
  const std::string kind = type != json->end() && type->is_string() ? type->get<std::string>() : "";
  if (kind != "whisper")
    return badJsonFile(path, "its model_type is '" + kind.substr(0, 64) + "', expected 'whisper'");
  ModelSizes sizes;
  for (const auto& [key, size] : kSizes) {
    const auto found = json->find(key);
    if (found == json->end() || !readNumber(*found, sizes.*size))
      return badJsonFile(path, "expected " + std::string(key) + " to be a number of the model's size");
  }
  for (const auto& [key, size] : {NamedSize{"decoder_ffn_dim", &ModelSizes::ffnWidth},
                                  NamedSize{"decoder_attention_heads", &ModelSizes::heads}}) {
    int32_t number = 0;
    const auto found = json->find(key);
    if (found != json->end() && (!readNumber(*found, number) || number != sizes.*size))
      return badJsonFile(path, "expected " + std::string(key) + " to be " + std::to_string(sizes.*size) +
                                   ", as in the encoder");
  }
  return sizes;
}

Result<HuggingFaceTokens> parseHuggingFaceTokens(std::string_view text, const std::string& path) {
  const auto json = parseJsonObject(text, path);
  if (!json) return json.error();
  HuggingFaceTokens tokens;
  if (!readTokens(*json, "suppress_tokens", tokens.suppressed) ||
      !readTokens(*json, "begin_suppress_tokens", tokens.suppressedFirst))
    return badJsonFile(path, "expected suppress_tokens and begin_suppress_tokens to be lists of tokens");
  if (!readPairs(*json, "alignment_heads", tokens.alignmentHeads))
    return badJsonFile(path, "expected alignment_heads to be a list of [layer, head]");
  if (const auto found = json->find("is_multilingual"); found != json->end() && found->is_boolean())
    tokens.isMultilingual = found->get<bool>();
  else if (const auto languages = json->find("lang_to_id");
           languages != json->end() && languages->is_object())
    tokens.isMultilingual = languages->size() > 1;
  return tokens;
}

Result<std::vector<std::string>> parseShardIndex(std::string_view text, const std::string& path) {
  const auto json = parseJsonObject(text, path);
  if (!json) return json.error();
  const auto map = json->find("weight_map");
  if (map == json->end() || !map->is_object() || map->empty())
    return badJsonFile(path, "expected weight_map to name the file of each tensor");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) return badJsonFile(path, "expected weight_map to name the file of each tensor");
    const auto& name = file.get_ref<const std::string&>();
    if (name.empty() || name.find('/') != name.npos || name.find('\0') != name.npos)
      return badJsonFile(
          path, "expected weight_map to name files of the same folder, found '" + name.substr(0, 64) + "'");
    names.insert(name);
    if (names.size() > kMaxShards)
      return badJsonFile(path,
                         "expected weight_map to name at most " + std::to_string(kMaxShards) + " files");
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace npuspeech
