// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tests/support/tensor_writer.h"

namespace npuspeech::test {
namespace {

constexpr int kTimestamps = 1501;
constexpr int kHidden = 4 * kTinyStateWidth;

/// Uniform random numbers of a given standard deviation, the same with every standard library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::vector<float> values(size_t count, float deviation) {
    std::vector<float> out(count);
    for (float& value : out) {
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      value = (static_cast<float>(state_ >> 40) * 0x1p-23f - 1) * deviation * std::sqrt(3.0f);
    }
    return out;
  }

 private:
  uint64_t state_;
};

/// GPT-2's names of the 256 bytes, in the order of its first tokens: printable ones as they are, then the
/// others as the characters from U+0100 on.
std::vector<std::string> byteNames() {
  std::vector<std::string> names;
  const auto add = [&](int character) {
    std::string name;
    if (character < 0x80) {
      name = static_cast<char>(character);
    } else {
      name = static_cast<char>(0xc0 | character >> 6);
      name += static_cast<char>(0x80 | (character & 0x3f));
    }
    names.push_back(name);
  };
  for (int c = '!'; c <= '~'; ++c) add(c);
  for (int c = 0xa1; c <= 0xac; ++c) add(c);
  for (int c = 0xae; c <= 0xff; ++c) add(c);
  for (int i = 0; names.size() < 256; ++i) add(0x100 + i);
  return names;
}

const std::string kSpaceName = "\u0120";

const char* noSpeechName(bool multilingual) {
  return multilingual ? "<|nospeech|>" : "<|nocaptions|>";
}

size_t tokenOf(const std::vector<std::string>& vocabulary, const std::string& name) {
  const auto found = std::find(vocabulary.begin(), vocabulary.end(), name);
  if (found == vocabulary.end()) {
    std::fprintf(stderr, "the tiny vocabulary has no '%s'\n", name.c_str());
    std::abort();
  }
  return static_cast<size_t>(found - vocabulary.begin());
}

std::string configOf(const std::vector<std::string>& vocabulary, bool multilingual) {
  const auto token = [&](const std::string& name) { return tokenOf(vocabulary, name); };
  std::string languages, suppressed;
  for (size_t i = token("<|startoftranscript|>") + 1; i < token("<|translate|>"); ++i)
    languages.append(languages.empty() ? "" : ",").append(std::to_string(i));
  for (const char* name : {"(", "[", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>",
                           "<|startoflm|>", "<|startofprev|>", noSpeechName(multilingual)})
    suppressed.append(suppressed.empty() ? "" : ",").append(std::to_string(token(name)));
  return "{\"alignment_heads\":[[1,0],[1,1]],\"lang_ids\":[" + languages + "],\"suppress_ids\":[" +
         suppressed + "],\"suppress_ids_begin\":[" + std::to_string(token(kSpaceName)) + "," +
         std::to_string(token("<|endoftext|>")) + "]}\n";
}

class TinyModel {
 public:
  explicit TinyModel(const TinyModelOptions& options)
      : options_(options), random_(options.seed), vocabulary_(tinyVocabulary(options.multilingual)) {}

  std::vector<NamedTensor> tensors() {
    settings();
    const std::vector<float> embeddings =
        random_.values(vocabulary_.size() * kTinyStateWidth, kEmbeddingDeviation);
    matrix("decoder/embeddings/weight", {count(), kTinyStateWidth}, embeddings);
    vector("decoder/position_encodings/encodings", {options_.textContext, kTinyStateWidth},
           textPositions(embeddings));
    vector("encoder/position_encodings/encodings", {kTinyAudioContext, kTinyStateWidth}, sinusoids());
    convolution("encoder/conv1", options_.melBins);
    convolution("encoder/conv2", kTinyStateWidth);
    for (int layer = 0; layer < kTinyLayers; ++layer) {
      const std::string number = "layer_" + std::to_string(layer);
      block("encoder/" + number, false);
      block("decoder/" + number, true);
    }
    layerNorm("encoder/layer_norm");
    layerNorm("decoder/layer_norm", options_.gain);
    std::sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(tensors_);
  }

 private:
  static constexpr float kEmbeddingDeviation = 0.25f;
  static constexpr float kScriptStrength = 4;

  int64_t count() const { return static_cast<int64_t>(vocabulary_.size()); }
  size_t token(const std::string& name) const { return tokenOf(vocabulary_, name); }

  void vector(const std::string& name, std::vector<int64_t> dims, const std::vector<float>& values) {
    const TensorType type =
        options_.weights == TensorType::Float16 ? TensorType::Float16 : TensorType::Float32;
    tensors_.push_back(floatTensor(name, std::move(dims), values, type));
  }
  void matrix(const std::string& name, std::vector<int64_t> dims, const std::vector<float>& values) {
    if (options_.weights != TensorType::Int8) return vector(name, std::move(dims), values);
    auto [weight, scale] = int8Tensors(name, std::move(dims), values);
    tensors_.push_back(std::move(weight));
    tensors_.push_back(std::move(scale));
  }
  /// `keys`: the first output of those that are keys, which have no bias in Whisper; -1: none are.
  void linear(const std::string& name, int64_t outputs, int64_t inputs, int64_t keys = -1) {
    const float deviation = 0.3f / std::sqrt(static_cast<float>(inputs));
    matrix(name + "/weight", {outputs, inputs},
           random_.values(static_cast<size_t>(outputs * inputs), deviation));
    std::vector<float> bias = random_.values(static_cast<size_t>(outputs), 0.02f);
    if (keys >= 0) std::fill_n(bias.begin() + keys, kTinyStateWidth, 0.0f);
    vector(name + "/bias", {outputs}, bias);
  }
  void layerNorm(const std::string& name, float gain = 1) {
    std::vector<float> gamma = random_.values(kTinyStateWidth, 0.05f);
    for (float& value : gamma) value = gain * (value + 1);
    vector(name + "/gamma", {kTinyStateWidth}, gamma);
    vector(name + "/beta", {kTinyStateWidth}, random_.values(kTinyStateWidth, 0.02f));
  }
  void convolution(const std::string& name, int64_t inputs) {
    const float deviation = 1 / std::sqrt(3 * static_cast<float>(inputs));
    const auto size = static_cast<size_t>(kTinyStateWidth * inputs * 3);
    vector(name + "/weight", {kTinyStateWidth, inputs, 3}, random_.values(size, deviation));
    vector(name + "/bias", {kTinyStateWidth}, random_.values(kTinyStateWidth, 0.02f));
  }
  /// The queries, keys and values of self-attention are one matrix, the keys and values of cross-attention
  /// another.
  void block(const std::string& name, bool decoder) {
    layerNorm(name + "/self_attention/layer_norm");
    linear(name + "/self_attention/linear_0", 3 * kTinyStateWidth, kTinyStateWidth, kTinyStateWidth);
    linear(name + "/self_attention/linear_1", kTinyStateWidth, kTinyStateWidth);
    if (decoder) {
      layerNorm(name + "/attention/layer_norm");
      linear(name + "/attention/linear_0", kTinyStateWidth, kTinyStateWidth);
      linear(name + "/attention/linear_1", 2 * kTinyStateWidth, kTinyStateWidth, 0);
      linear(name + "/attention/linear_2", kTinyStateWidth, kTinyStateWidth);
    }
    layerNorm(name + "/ffn/layer_norm");
    linear(name + "/ffn/linear_0", kHidden, kTinyStateWidth);
    linear(name + "/ffn/linear_1", kTinyStateWidth, kHidden);
  }

  void settings() {
    const auto add = [&](const char* name, TensorType type, int value) {
      tensors_.push_back(integerTensor(name, type, value));
    };
    add("encoder/num_heads", TensorType::Int16, kTinyHeads);
    add("decoder/num_heads", TensorType::Int16, kTinyHeads);
    add("decoder/activation", TensorType::Int8, 3);
    add("decoder/pre_norm", TensorType::Int8, 1);
    add("decoder/alignment_heads", TensorType::Int16, 1);
    add("decoder/alignment_layer", TensorType::Int16, -1);
    for (const char* name : {"decoder/alibi", "decoder/alibi_use_positive_positions", "decoder/scale_alibi",
                             "decoder/scale_embeddings", "decoder/start_from_zero_embedding"})
      add(name, TensorType::Int8, 0);
  }

  std::vector<float> sinusoids() const {
    std::vector<float> values(static_cast<size_t>(kTinyAudioContext * kTinyStateWidth));
    constexpr int kHalf = kTinyStateWidth / 2;
    for (int position = 0; position < kTinyAudioContext; ++position)
      for (int i = 0; i < kHalf; ++i) {
        const double angle = position * std::exp(-std::log(10000.0) / (kHalf - 1) * i);
        float* row = values.data() + position * kTinyStateWidth;
        row[i] = static_cast<float>(std::sin(angle));
        row[kHalf + i] = static_cast<float>(std::cos(angle));
      }
    return values;
  }

  /// A position's encoding points at the embedding of the token that is to come after it, far stronger than
  /// what the layers add: the projection shares the embeddings, so that token wins.
  std::vector<float> textPositions(const std::vector<float>& embeddings) {
    std::vector<float> values =
        random_.values(static_cast<size_t>(options_.textContext * kTinyStateWidth), kEmbeddingDeviation);
    const auto point = [&](size_t position, size_t target, float strength) {
      if (position >= static_cast<size_t>(options_.textContext)) return;
      for (size_t i = 0; i < kTinyStateWidth; ++i)
        values[position * kTinyStateWidth + i] += strength * embeddings[target * kTinyStateWidth + i];
    };
    if (options_.multilingual) point(0, token("<|startoftranscript|>") + 1, kScriptStrength);
    if (options_.hearsNothing) point(0, token(noSpeechName(options_.multilingual)), 3 * kScriptStrength);
    if (options_.says.empty()) return values;
    // The first word follows <|notimestamps|>, or the first timestamp, which takes the same place.
    size_t position = options_.multilingual ? 2 : 0;
    point(position++, token("<|0.00|>"), kScriptStrength);
    for (const std::string& word : options_.says)
      point(position++, token(kSpaceName + word), kScriptStrength);
    while (position < static_cast<size_t>(options_.textContext))
      point(position++, token("<|endoftext|>"), kScriptStrength);
    return values;
  }

  const TinyModelOptions& options_;
  Random random_;
  std::vector<std::string> vocabulary_;
  std::vector<NamedTensor> tensors_;
};

}  // namespace

const std::vector<std::string>& tinyWords() {
  static const std::vector<std::string> words = {
      "a",    "about", "after", "all",   "and",  "are",   "as",    "at",   "be",   "but",   "by",   "can",
      "come", "could", "day",   "die",   "do",   "el",    "first", "for",  "from", "get",   "good", "had",
      "have", "he",    "hello", "her",   "his",  "house", "how",   "in",   "is",   "it",    "know", "la",
      "like", "made",  "man",   "me",    "more", "my",    "no",    "not",  "now",  "of",    "on",   "one",
      "or",   "our",   "out",   "over",  "said", "say",   "see",   "she",  "so",   "some",  "than", "that",
      "the",  "their", "them",  "then",  "they", "this",  "time",  "to",   "two",  "under", "und",  "up",
      "was",  "water", "way",   "we",    "well", "were",  "what",  "when", "who",  "will",  "with", "word",
      "work", "world", "would", "write", "yes",  "you",   "your"};
  return words;
}

std::vector<std::string> tinyVocabulary(bool multilingual) {
  std::vector<std::string> entries = byteNames();
  // As BPE would learn them: each entry is two earlier ones joined.
  for (const std::string& word : tinyWords())
    for (size_t length = 1; length <= word.size(); ++length) {
      std::string entry = kSpaceName + word.substr(0, length);
      if (std::find(entries.begin(), entries.end(), entry) == entries.end())
        entries.push_back(std::move(entry));
    }
  entries.insert(entries.end(), {"<|endoftext|>", "<|startoftranscript|>"});
  for (const char* code : {"en", "zh", "de", "es", "fr"}) {
    entries.push_back(std::string("<|") + code + "|>");
    if (!multilingual) break;
  }
  entries.insert(entries.end(), {"<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
                                 multilingual ? "<|nospeech|>" : "<|nocaptions|>", "<|notimestamps|>"});
  for (int i = 0; i < kTimestamps; ++i) {
    char name[16];
    std::snprintf(name, sizeof name, "<|%d.%02d|>", i / 50, i % 50 * 2);
    entries.emplace_back(name);
  }
  return entries;
}

std::vector<NamedTensor> tinyTensors(const TinyModelOptions& options) {
  return TinyModel(options).tensors();
}

void writeTinyVocabulary(const std::string& folder, bool multilingual) {
  const std::vector<std::string> vocabulary = tinyVocabulary(multilingual);
  writeFile(folder + "/config.json", configOf(vocabulary, multilingual));
  std::string lines, array;
  for (const std::string& entry : vocabulary) {
    lines.append(entry).append("\n");
    array.append(array.empty() ? "[\n  \"" : ",\n  \"");
    for (const char c : entry) array.append(c == '"' || c == '\\' ? "\\" : "") += c;
    array.append("\"");
  }
  if (multilingual)
    writeFile(folder + "/vocabulary.json", array + "\n]\n");
  else
    writeFile(folder + "/vocabulary.txt", lines);
}

void writeTinyModel(const std::string& folder, const TinyModelOptions& options) {
  writeTinyVocabulary(folder, options.multilingual);
  writeFile(
      folder + "/model.bin",
      ctranslate2File(tinyTensors(options), {{"decoder/projection/weight", "decoder/embeddings/weight"}}));
}

}  // namespace npuspeech::test
