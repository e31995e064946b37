// SPDX-License-Identifier: LGPL-2.1-or-later
// Hugging Face's folder, as transformers saves it: config.json, generation_config.json; model.safetensors, or
// parts that model.safetensors.index.json names; vocab.json and added_tokens.json, or tokenizer.json.
#include <algorithm>

#include "speech/model/alignment_heads.h"
#include "speech/model/huggingface_config.h"
#include "speech/model/mapped_file.h"
#include "speech/model/model_readers.h"
#include "speech/model/special_tokens.h"
#include "speech/model/stored_names.h"
#include "speech/model/vocabulary_files.h"

namespace npuspeech {
namespace {

constexpr StoredName kNames[] = {
    {"encoder/conv1", "encoder.conv1"},
    {"encoder/conv2", "encoder.conv2"},
    {"encoder/position_encodings", "encoder.embed_positions.weight"},
    {"encoder/layer_N/self_attention/layer_norm", "encoder.layers.N.self_attn_layer_norm"},
    {"encoder/layer_N/self_attention/linear_0", "encoder.layers.N.self_attn.{q_proj,k_proj,v_proj}"},
    {"encoder/layer_N/self_attention/linear_1", "encoder.layers.N.self_attn.out_proj"},
    {"encoder/layer_N/ffn/layer_norm", "encoder.layers.N.final_layer_norm"},
    {"encoder/layer_N/ffn/linear_0", "encoder.layers.N.fc1"},
    {"encoder/layer_N/ffn/linear_1", "encoder.layers.N.fc2"},
    {"encoder/layer_norm", "encoder.layer_norm"},
    {"decoder/embeddings", "decoder.embed_tokens"},
    {"decoder/position_encodings", "decoder.embed_positions.weight"},
    {"decoder/layer_N/self_attention/layer_norm", "decoder.layers.N.self_attn_layer_norm"},
    {"decoder/layer_N/self_attention/linear_0", "decoder.layers.N.self_attn.{q_proj,k_proj,v_proj}"},
    {"decoder/layer_N/self_attention/linear_1", "decoder.layers.N.self_attn.out_proj"},
    {"decoder/layer_N/attention/layer_norm", "decoder.layers.N.encoder_attn_layer_norm"},
    {"decoder/layer_N/attention/linear_0", "decoder.layers.N.encoder_attn.q_proj"},
    {"decoder/layer_N/attention/linear_1", "decoder.layers.N.encoder_attn.{k_proj,v_proj}"},
    {"decoder/layer_N/attention/linear_2", "decoder.layers.N.encoder_attn.out_proj"},
    {"decoder/layer_N/ffn/layer_norm", "decoder.layers.N.final_layer_norm"},
    {"decoder/layer_N/ffn/linear_0", "decoder.layers.N.fc1"},
    {"decoder/layer_N/ffn/linear_1", "decoder.layers.N.fc2"},
    {"decoder/layer_norm", "decoder.layer_norm"},
};
/// Before all names, unless the model was saved without what projects to tokens.
constexpr const char* kPrefix = "model.";

constexpr const char* kWeights = "/model.safetensors";
constexpr const char* kIndex = "/model.safetensors.index.json";

/// Maps `path` and parses it.
template <class Parse, class... Options>
auto parseFile(const Parse& parse, const std::string& path, Options... options)
    -> decltype(parse(std::string_view(), path, options...)) {
  const auto file = MappedFile::open(path);
  if (!file) return file.error();
  return parse((*file)->text(), path, options...);
}

Result<std::vector<TensorFile>> openWeights(const std::string& folder) {
  std::vector<std::string> paths{folder + kWeights};
  if (!isThere(paths[0])) {
    const auto names = parseFile(parseShardIndex, folder + kIndex);
    if (!names) return names.error();
    paths.clear();
    for (const std::string& name : *names) paths.push_back(folder + "/" + name);
  }
  std::vector<TensorFile> files;
  for (const std::string& path : paths) {
    auto file = TensorFile::openSafetensors(path);
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  return files;
}

/// The entries, and the special tokens that other files name.
Result<void> readEntries(const std::string& folder, size_t size, VocabularyParts& parts) {
  const std::string tokenizer = folder + "/tokenizer.json", added = folder + "/added_tokens.json";
  parts.entriesPath = folder + "/vocab.json";
  const bool isOwnFile = isThere(parts.entriesPath) || !isThere(tokenizer);
  if (!isOwnFile) parts.entriesPath = tokenizer;
  auto entries = isOwnFile ? parseFile(parseNumberedVocabulary, parts.entriesPath, size)
                           : parseFile(parseTokenizerVocabulary, parts.entriesPath, size);
  if (!entries) return entries.error();
  parts.entries = std::move(*entries);
  if (nameSpecialTokens(parts.entries)) return {};
  if (!isThere(added) && !isThere(tokenizer)) return {};
  auto named = isThere(added) ? parseFile(parseNamedTokens, added, size)
                              : parseFile(parseAddedTokens, tokenizer, size);
  if (!named) return named.error();
  parts.added = std::move(*named);
  return {};
}

/// The lists of generation_config.json, or of config.json, where older models have them.
Result<void> readLists(const std::string& folder, VocabularyParts& parts) {
  const std::string generation = folder + "/generation_config.json";
  parts.configPath = folder + "/config.json";
  const auto older = parseFile(parseHuggingFaceTokens, parts.configPath);
  if (!older) return older.error();
  HuggingFaceTokens tokens = *older;
  if (isThere(generation)) {
    parts.configPath = generation;
    auto newer = parseFile(parseHuggingFaceTokens, generation);
    if (!newer) return newer.error();
    tokens = std::move(*newer);
    if (!tokens.suppressed) tokens.suppressed = older->suppressed;
    if (!tokens.suppressedFirst) tokens.suppressedFirst = older->suppressedFirst;
  }
  parts.isMultilingual = tokens.isMultilingual;
  parts.suppressed = std::move(tokens.suppressed);
  parts.suppressedFirst = std::move(tokens.suppressedFirst);
  parts.alignmentHeads = std::move(tokens.alignmentHeads);
  return {};
}

Result<Vocabulary> loadVocabulary(const std::string& folder, const ModelSizes& sizes) {
  VocabularyParts parts;
  if (auto read = readEntries(folder, static_cast<size_t>(sizes.vocabularySize), parts); !read)
    return read.error();
  if (auto read = readLists(folder, parts); !read) return read.error();
  if (parts.alignmentHeads.empty()) parts.alignmentHeads = publishedAlignmentHeads(sizes);
  return Vocabulary::create(parts, sizes.vocabularySize);
}

}  // namespace

bool isHuggingFaceModel(const std::string& folder) {
  return isThere(folder + kWeights) || isThere(folder + kIndex);
}

Result<ModelSource> openHuggingFaceModel(const std::string& folder) {
  const std::string config = folder + "/config.json";
  const auto sizes = parseFile(parseHuggingFaceSizes, config);
  if (!sizes) return sizes.error();
  if (auto checked = checkSizes(*sizes, config); !checked) return checked.error();
  auto weights = openWeights(folder);
  if (!weights) return weights.error();
  auto vocabulary = loadVocabulary(folder, *sizes);
  if (!vocabulary) return vocabulary.error();
  ModelFiles files;
  files.path = folder;
  files.files = std::move(*weights);
  files.sizes = *sizes;
  files.vocabulary = std::move(*vocabulary);
  const auto has = [stored = files.files](const std::string& name) {
    return std::any_of(stored.begin(), stored.end(), [&](const TensorFile& file) { return file.find(name); });
  };
  const std::string prefix = has("encoder.conv1.weight") ? "" : kPrefix;
  files.storedNames = [has, prefix](const CanonicalTensor& tensor) {
    auto names = storedNames(tensor, kNames);
    for (std::string& name : names) {
      name.insert(0, prefix);
      if (name.ends_with(".k_proj.bias") && !has(name)) name.clear();  // Whisper's keys have none
    }
    return names;
  };
  return ModelSource::create(std::move(files));
}

}  // namespace npuspeech
