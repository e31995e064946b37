// SPDX-License-Identifier: LGPL-2.1-or-later
// whisper.cpp's single file. It has OpenAI's names of tensors, and the tokens of text; special tokens,
// languages, suppressed tokens and alignment heads follow from what all published models share.
#include "speech/model/alignment_heads.h"
#include "speech/model/byte_names.h"
#include "speech/model/mapped_file.h"
#include "speech/model/model_readers.h"
#include "speech/model/stored_names.h"
#include "speech/model/tensor_parsers.h"
#include "speech/model/vocabulary_parts.h"

namespace npuspeech {
namespace {

constexpr StoredName kNames[] = {
    {"encoder/conv1", "encoder.conv1"},
    {"encoder/conv2", "encoder.conv2"},
    {"encoder/position_encodings", "encoder.positional_embedding"},
    {"encoder/layer_N/self_attention/layer_norm", "encoder.blocks.N.attn_ln"},
    {"encoder/layer_N/self_attention/linear_0", "encoder.blocks.N.attn.{query,key,value}"},
    {"encoder/layer_N/self_attention/linear_1", "encoder.blocks.N.attn.out"},
    {"encoder/layer_N/ffn/layer_norm", "encoder.blocks.N.mlp_ln"},
    {"encoder/layer_N/ffn/linear_0", "encoder.blocks.N.mlp.0"},
    {"encoder/layer_N/ffn/linear_1", "encoder.blocks.N.mlp.2"},
    {"encoder/layer_norm", "encoder.ln_post"},
    {"decoder/embeddings", "decoder.token_embedding"},
    {"decoder/position_encodings", "decoder.positional_embedding"},
    {"decoder/layer_N/self_attention/layer_norm", "decoder.blocks.N.attn_ln"},
    {"decoder/layer_N/self_attention/linear_0", "decoder.blocks.N.attn.{query,key,value}"},
    {"decoder/layer_N/self_attention/linear_1", "decoder.blocks.N.attn.out"},
    {"decoder/layer_N/attention/layer_norm", "decoder.blocks.N.cross_attn_ln"},
    {"decoder/layer_N/attention/linear_0", "decoder.blocks.N.cross_attn.query"},
    {"decoder/layer_N/attention/linear_1", "decoder.blocks.N.cross_attn.{key,value}"},
    {"decoder/layer_N/attention/linear_2", "decoder.blocks.N.cross_attn.out"},
    {"decoder/layer_N/ffn/layer_norm", "decoder.blocks.N.mlp_ln"},
    {"decoder/layer_N/ffn/linear_0", "decoder.blocks.N.mlp.0"},
    {"decoder/layer_N/ffn/linear_1", "decoder.blocks.N.mlp.2"},
    {"decoder/layer_norm", "decoder.ln"},
};

/// The file does not say how wide the feed-forward layers are, but for their tensors.
int ffnWidth(const TensorMap& tensors) {
  const auto found = tensors.find("encoder.blocks.0.mlp.0.weight");
  return found == tensors.end() ? 0 : static_cast<int>(found->second.dims.front());
}

Result<ModelSizes> sizesOf(const ParsedGgml& file, const std::string& path) {
  const GgmlSizes& stored = file.sizes;
  ModelSizes sizes;
  sizes.melBins = stored.melBins;
  sizes.audioContext = stored.audioContext;
  sizes.textContext = stored.textContext;
  sizes.width = stored.audioWidth;
  sizes.ffnWidth = ffnWidth(file.tensors.tensors);
  sizes.heads = stored.audioHeads;
  sizes.encoderLayers = stored.audioLayers;
  sizes.decoderLayers = stored.textLayers;
  sizes.vocabularySize = stored.vocabulary;
  if (stored.textWidth != stored.audioWidth || stored.textHeads != stored.audioHeads)
    return Error{ErrorCode::BadFile,
                 "'" + path + "' has an encoder of width " + std::to_string(stored.audioWidth) + " and " +
                     std::to_string(stored.audioHeads) + " heads and a decoder of width " +
                     std::to_string(stored.textWidth) + " and " + std::to_string(stored.textHeads) +
                     " heads, expected the same of both. Fetch or convert the model again."};
  if (auto checked = checkSizes(sizes, path); !checked) return checked.error();
  return sizes;
}

Result<Vocabulary> vocabularyOf(const EntryList& tokens, const ModelSizes& sizes, const std::string& path) {
  VocabularyParts parts;
  parts.entriesPath = parts.configPath = path;
  for (size_t i = 0; i < tokens.size(); ++i) parts.entries.add(nameOfBytes(tokens[i]));
  parts.alignmentHeads = publishedAlignmentHeads(sizes);
  return Vocabulary::create(parts, sizes.vocabularySize);
}

}  // namespace

Result<ModelSource> openGgmlModel(const std::string& path) {
  auto mapping = MappedFile::open(path);
  if (!mapping) return mapping.error();
  auto parsed = parseGgml((*mapping)->bytes(), path);
  if (!parsed) return parsed.error();
  ModelFiles files;
  files.path = path;
  auto sizes = sizesOf(*parsed, path);
  if (!sizes) return sizes.error();
  files.sizes = *sizes;
  auto vocabulary = vocabularyOf(parsed->tokens, *sizes, path);
  if (!vocabulary) return vocabulary.error();
  files.vocabulary = std::move(*vocabulary);
  files.files.emplace_back(path, std::move(*mapping), std::move(parsed->tensors));
  const TensorFile file = files.files.front();
  files.storedNames = [file](const CanonicalTensor& tensor) {
    auto names = storedNames(tensor, kNames);
    for (std::string& name : names)
      if (name.ends_with(".key.bias") && !file.find(name)) name.clear();  // Whisper's keys have none
    return names;
  };
  return ModelSource::create(std::move(files));
}

}  // namespace npuspeech
