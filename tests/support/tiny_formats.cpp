// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/tiny_formats.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include "speech/model/byte_names.h"
#include "speech/model/widen.h"
#include "tests/support/block_writer.h"

namespace npuspeech::test {
namespace {

/// A module's names in the two formats; of a fused one, those of its parts.
struct Names {
  std::vector<std::string> huggingFace, openai;
};

const std::map<std::string, Names> kInLayer = {
    {"self_attention/layer_norm", {{"self_attn_layer_norm"}, {"attn_ln"}}},
    {"self_attention/linear_0",
     {{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
      {"attn.query", "attn.key", "attn.value"}}},
    {"self_attention/linear_1", {{"self_attn.out_proj"}, {"attn.out"}}},
    {"attention/layer_norm", {{"encoder_attn_layer_norm"}, {"cross_attn_ln"}}},
    {"attention/linear_0", {{"encoder_attn.q_proj"}, {"cross_attn.query"}}},
    {"attention/linear_1",
     {{"encoder_attn.k_proj", "encoder_attn.v_proj"}, {"cross_attn.key", "cross_attn.value"}}},
    {"attention/linear_2", {{"encoder_attn.out_proj"}, {"cross_attn.out"}}},
    {"ffn/layer_norm", {{"final_layer_norm"}, {"mlp_ln"}}},
    {"ffn/linear_0", {{"fc1"}, {"mlp.0"}}},
    {"ffn/linear_1", {{"fc2"}, {"mlp.2"}}},
};
const std::map<std::string, Names> kOutside = {
    {"encoder/conv1", {{"encoder.conv1"}, {"encoder.conv1"}}},
    {"encoder/conv2", {{"encoder.conv2"}, {"encoder.conv2"}}},
    {"encoder/layer_norm", {{"encoder.layer_norm"}, {"encoder.ln_post"}}},
    {"decoder/layer_norm", {{"decoder.layer_norm"}, {"decoder.ln"}}},
    {"decoder/embeddings", {{"decoder.embed_tokens"}, {"decoder.token_embedding"}}},
    {"encoder/position_encodings", {{"encoder.embed_positions"}, {"encoder.positional_embedding"}}},
    {"decoder/position_encodings", {{"decoder.embed_positions"}, {"decoder.positional_embedding"}}},
};

enum class Style { HuggingFace, OpenAi };

std::vector<std::string> namesOf(const std::string& canonical, Style style) {
  const size_t slash = canonical.rfind('/');
  const std::string module = canonical.substr(0, slash), leaf = canonical.substr(slash + 1);
  const auto pick = [&](const Names& names) {
    return style == Style::HuggingFace ? names.huggingFace : names.openai;
  };
  std::vector<std::string> stored;
  if (const auto outside = kOutside.find(module); outside != kOutside.end()) {
    stored = pick(outside->second);
  } else {
    const size_t layer = module.find("/layer_"), end = module.find('/', layer + 1);
    const std::string number = module.substr(layer + 7, end - layer - 7);
    for (const std::string& part : pick(kInLayer.at(module.substr(end + 1))))
      stored.push_back(module.substr(0, layer) + (style == Style::HuggingFace ? ".layers." : ".blocks.") +
                       number + "." + part);
  }
  for (std::string& name : stored) {
    if (leaf == "encodings" && style == Style::OpenAi) continue;
    name += leaf == "bias" || leaf == "beta" ? ".bias" : ".weight";
  }
  return stored;
}

/// The tensors by the names of the format, fused ones cut apart. The biases of keys, which are zero, are left
/// out.
std::vector<NamedTensor> storedTensors(const TinyModelOptions& options, Style style) {
  std::vector<NamedTensor> stored;
  for (const NamedTensor& tensor : tinyTensors(options)) {
    if (tensor.dims.empty()) continue;  // CTranslate2's settings
    const std::vector<std::string> names = namesOf(tensor.name, style);
    const size_t part = tensor.bytes.size() / names.size();
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i].ends_with("k_proj.bias") || names[i].ends_with("key.bias")) continue;
      NamedTensor piece{names[i], tensor.type, tensor.dims, tensor.bytes.substr(i * part, part)};
      piece.dims[0] /= static_cast<int64_t>(names.size());
      stored.push_back(std::move(piece));
    }
  }
  return stored;
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) json.append(c == '"' || c == '\\' ? "\\" : "") += c;
  return json + '"';
}

size_t placeOf(const std::vector<std::string>& vocabulary, const std::string& entry) {
  return static_cast<size_t>(std::find(vocabulary.begin(), vocabulary.end(), entry) - vocabulary.begin());
}

/// {"entry": number, ...} of the entries from `from` to `to`.
std::string numbered(const std::vector<std::string>& vocabulary, size_t from, size_t to) {
  std::string json;
  for (size_t i = from; i < to; ++i)
    json.append(json.empty() ? "{" : ",").append(quoted(vocabulary[i])).append(":").append(std::to_string(i));
  return json + "}";
}

void writeVocabulary(const std::string& folder, const std::vector<std::string>& vocabulary,
                     bool onlyTokenizer) {
  const size_t end = placeOf(vocabulary, "<|endoftext|>");
  if (!onlyTokenizer) {
    writeFile(folder + "/vocab.json", numbered(vocabulary, 0, end));
    writeFile(folder + "/added_tokens.json", numbered(vocabulary, end, vocabulary.size()));
    return;
  }
  std::string added;
  for (size_t i = end; i < vocabulary.size(); ++i)
    added.append(added.empty() ? "" : ",")
        .append("{\"id\":" + std::to_string(i) + ",\"content\":" + quoted(vocabulary[i]) +
                ",\"special\":true}");
  writeFile(folder + "/tokenizer.json", "{\"version\":\"1.0\",\"added_tokens\":[" + added +
                                            "],\"normalizer\":null,\"model\":{\"type\":\"BPE\",\"vocab\":" +
                                            numbered(vocabulary, 0, end) + ",\"merges\":[[\"a\",\"b\"]]}}");
}

std::string huggingFaceConfig(const TinyModelOptions& options, size_t vocabularySize) {
  const auto field = [](const char* name, int64_t value) {
    return ",\"" + std::string(name) + "\":" + std::to_string(value);
  };
  return "{\"model_type\":\"whisper\"" + field("d_model", kTinyStateWidth) +
         field("encoder_layers", kTinyLayers) + field("decoder_layers", kTinyLayers) +
         field("encoder_attention_heads", kTinyHeads) + field("decoder_attention_heads", kTinyHeads) +
         field("encoder_ffn_dim", 4 * kTinyStateWidth) + field("decoder_ffn_dim", 4 * kTinyStateWidth) +
         field("num_mel_bins", options.melBins) + field("max_source_positions", kTinyAudioContext) +
         field("max_target_positions", options.textContext) +
         field("vocab_size", static_cast<int64_t>(vocabularySize)) + "}";
}

std::string generationConfig(const std::vector<std::string>& vocabulary, bool multilingual) {
  const auto number = [&](const char* name) { return std::to_string(placeOf(vocabulary, name)); };
  const char* const noSpeech = multilingual ? "<|nospeech|>" : "<|nocaptions|>";
  std::string suppressed = number("(");
  for (const char* name : {"[", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
                           "<|startofprev|>", noSpeech})
    suppressed.append(",").append(number(name));
  std::string json = "{\"alignment_heads\":[[1,0],[1,1]],\"suppress_tokens\":[" + suppressed +
                     "],\"begin_suppress_tokens\":[" + number("\u0120") + "," + number("<|endoftext|>") +
                     "],\"is_multilingual\":" + (multilingual ? "true" : "false");
  if (multilingual)
    json += ",\"lang_to_id\":{\"<|en|>\":" + number("<|en|>") + ",\"<|zh|>\":" + number("<|zh|>") + "}";
  return json + "}";
}

void appendNumber(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

std::vector<float> floatsOf(const NamedTensor& tensor) {
  size_t count = 1;
  for (const int64_t dim : tensor.dims) count *= static_cast<size_t>(dim);
  std::vector<float> values(count);
  widenToFloat(tensor.type, reinterpret_cast<const std::byte*>(tensor.bytes.data()), values.data(), count);
  return values;
}

struct GgmlType {
  TensorType type;
  uint32_t number, file;  // ggml's, and that of a file of it
};
constexpr GgmlType kGgmlTypes[] = {{TensorType::Float32, 0, 0}, {TensorType::Float16, 1, 1},
                                   {TensorType::Q4_0, 2, 2002}, {TensorType::Q4_1, 3, 2003},
                                   {TensorType::Q5_0, 6, 2008}, {TensorType::Q5_1, 7, 2009},
                                   {TensorType::Q8_0, 8, 2007}};

GgmlType ggmlType(TensorType type) {
  for (const GgmlType& known : kGgmlTypes)
    if (known.type == type) return known;
  std::abort();
}

/// What whisper.cpp adds is float32; what it multiplies has the file's type, but convolutions are never in
/// blocks.
void appendGgml(std::string& out, NamedTensor tensor, TensorType matrices) {
  const std::vector<float> values = floatsOf(tensor);
  const bool isAdded = tensor.dims.size() == 1 || tensor.name.ends_with("positional_embedding");
  const bool isConvolution = tensor.dims.size() == 3;
  const TensorType type = isAdded                                            ? TensorType::Float32
                          : isConvolution && matrices != TensorType::Float32 ? TensorType::Float16
                                                                             : matrices;
  std::string bytes =
      ggmlType(type).number > 1 ? blocksOf(type, values) : floatTensor("", tensor.dims, values, type).bytes;
  if (tensor.name.ends_with("conv1.bias") || tensor.name.ends_with("conv2.bias")) tensor.dims.push_back(1);
  appendNumber(out, static_cast<uint32_t>(tensor.dims.size()));
  appendNumber(out, static_cast<uint32_t>(tensor.name.size()));
  appendNumber(out, ggmlType(type).number);
  for (size_t i = tensor.dims.size(); i-- > 0;) appendNumber(out, static_cast<uint32_t>(tensor.dims[i]));
  out += tensor.name;
  out += bytes;
}

}  // namespace

void writeTinyHuggingFace(const std::string& folder, const TinyModelOptions& options,
                          const HuggingFaceOptions& format) {
  const std::vector<std::string> vocabulary = tinyVocabulary(options.multilingual);
  writeVocabulary(folder, vocabulary, format.onlyTokenizerJson);
  writeFile(folder + "/config.json", huggingFaceConfig(options, vocabulary.size()));
  if (format.hasGenerationConfig)
    writeFile(folder + "/generation_config.json", generationConfig(vocabulary, options.multilingual));

  std::vector<NamedTensor> tensors = storedTensors(options, Style::HuggingFace);
  if (format.hasPrefix)
    for (NamedTensor& tensor : tensors) tensor.name.insert(0, "model.");
  if (format.shards == 1) return writeFile(folder + "/model.safetensors", safetensorsFile(tensors));
  std::vector<std::vector<NamedTensor>> shards(static_cast<size_t>(format.shards));
  std::string map;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const size_t shard = i * shards.size() / tensors.size();
    map.append(map.empty() ? "" : ",")
        .append(quoted(tensors[i].name) + ":\"model-" + std::to_string(shard) + ".safetensors\"");
    shards[shard].push_back(std::move(tensors[i]));
  }
  for (size_t i = 0; i < shards.size(); ++i)
    writeFile(folder + "/model-" + std::to_string(i) + ".safetensors", safetensorsFile(shards[i]));
  writeFile(folder + "/model.safetensors.index.json", "{\"metadata\":{},\"weight_map\":{" + map + "}}");
}

void writeTinyGgml(const std::string& path, const TinyModelOptions& options, TensorType matrices) {
  const std::vector<std::string> vocabulary = tinyVocabulary(options.multilingual);
  const size_t end = placeOf(vocabulary, "<|endoftext|>");
  constexpr int kBins = 201;  // of a spectrum
  std::string file;
  for (const auto number :
       {0x67676d6cu, static_cast<uint32_t>(vocabulary.size()), uint32_t{kTinyAudioContext},
        uint32_t{kTinyStateWidth}, uint32_t{kTinyHeads}, uint32_t{kTinyLayers},
        static_cast<uint32_t>(options.textContext), uint32_t{kTinyStateWidth}, uint32_t{kTinyHeads},
        uint32_t{kTinyLayers}, static_cast<uint32_t>(options.melBins), ggmlType(matrices).file,
        static_cast<uint32_t>(options.melBins), uint32_t{kBins}})
    appendNumber(file, number);
  file.append(static_cast<size_t>(options.melBins) * kBins * 4, '\0');  // the filters
  appendNumber(file, static_cast<uint32_t>(end));
  for (size_t i = 0; i < end; ++i) {
    std::string bytes;
    appendNamedBytes(vocabulary[i], bytes);
    appendNumber(file, static_cast<uint32_t>(bytes.size()));
    file += bytes;
  }
  for (NamedTensor& tensor : storedTensors(options, Style::OpenAi))
    appendGgml(file, std::move(tensor), matrices);
  writeFile(path, file);
}

}  // namespace npuspeech::test
