// SPDX-License-Identifier: LGPL-2.1-or-later
// One model in every format that is read: the same sizes, tensors and vocabulary; and what is refused, with
// what words.
#include "speech/model/model_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"
#include "tests/support/tiny_formats.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ModelSource opened(const std::string& path) {
  auto source = ModelSource::open(path);
  EXPECT_TRUE(source) << source.error().message;
  return std::move(*source);
}

/// The error of a model that is refused, whose message has these parts.
void expectRefused(const std::string& path, ErrorCode code, const std::vector<std::string>& parts) {
  const auto source = ModelSource::open(path);
  ASSERT_FALSE(source) << path << " is not refused, " << parts.front();
  const std::string& message = source.error().message;
  EXPECT_EQ(source.error().code, code) << message;
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << message << "\n" << part;
  EXPECT_TRUE(std::isupper(static_cast<unsigned char>(message[0])) || message[0] == '\'') << message;
  EXPECT_EQ(message.back(), '.') << message;
}

double largestDifference(const ModelSource& a, const ModelSource& b, std::string* where = nullptr) {
  double largest = 0;
  for (const CanonicalTensor& tensor : canonicalTensors(a.sizes())) {
    const auto left = a.readFloat(tensor.name(), tensor.dims),
               right = b.readFloat(tensor.name(), tensor.dims);
    EXPECT_TRUE(left) << left.error().message;
    EXPECT_TRUE(right) << right.error().message;
    if (!left || !right) continue;
    for (size_t i = 0; i < left->size(); ++i) {
      const double difference = std::abs((*left)[i] - (*right)[i]);
      if (difference > largest && where) *where = tensor.name();
      largest = std::max(largest, difference);
    }
  }
  return largest;
}

void expectSameVocabulary(const Vocabulary& a, const Vocabulary& b) {
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(a.endOfText(), b.endOfText());
  EXPECT_EQ(a.startOfTranscript(), b.startOfTranscript());
  EXPECT_EQ(a.translate(), b.translate());
  EXPECT_EQ(a.noSpeech(), b.noSpeech());
  EXPECT_EQ(a.firstTimestamp(), b.firstTimestamp());
  EXPECT_EQ(a.timestamps(), b.timestamps());
  EXPECT_EQ(a.multilingual(), b.multilingual());
  EXPECT_EQ(a.languages(), b.languages());
  for (Token token = 0; token < a.size(); ++token) EXPECT_EQ(a.bytes(token), b.bytes(token)) << token;
}

class EveryFormat : public testing::Test {
 protected:
  std::string ctranslate2(const test::TinyModelOptions& options) {
    const std::string folder = folder_.file(options.multilingual ? "c" : "c.en");
    fs::create_directory(folder);
    test::writeTinyModel(folder, options);
    return folder;
  }
  std::string huggingFace(const char* name, const test::TinyModelOptions& options,
                          const test::HuggingFaceOptions& format = {}) {
    fs::create_directory(folder_.file(name));
    test::writeTinyHuggingFace(folder_.file(name), options, format);
    return folder_.file(name);
  }
  TempFolder folder_;
};

TEST_F(EveryFormat, GivesTheSameTensors) {
  const test::TinyModelOptions options{.weights = TensorType::Float32};
  const ModelSource expected = opened(ctranslate2(options));
  EXPECT_EQ(expected.sizes(), (ModelSizes{80, 1500, 448, 128, 512, 2, 2, 2,
                                          static_cast<int>(test::tinyVocabulary(true).size())}));
  const auto same = [&](const std::string& path) {
    const ModelSource source = opened(path);
    EXPECT_EQ(source.sizes(), expected.sizes()) << path;
    EXPECT_EQ(largestDifference(expected, source), 0) << path;
  };
  same(huggingFace("h", options));
  same(huggingFace("shards", options, {.shards = 3}));
  same(huggingFace("base", options, {.hasPrefix = false}));
  test::writeTinyGgml(folder_.file("g.bin"), options, TensorType::Float32);
  same(folder_.file("g.bin"));
}

TEST_F(EveryFormat, GivesTheSameTensorsInHalves) {
  const test::TinyModelOptions options{.weights = TensorType::Float16, .melBins = 128, .textContext = 64};
  const ModelSource expected = opened(ctranslate2(options));
  EXPECT_EQ(largestDifference(expected, opened(huggingFace("h", options))), 0);
  test::writeTinyGgml(folder_.file("g.bin"), options, TensorType::Float16);
  EXPECT_EQ(largestDifference(expected, opened(folder_.file("g.bin"))), 0);
}

TEST_F(EveryFormat, IsCloseInBlocks) {
  const ModelSource expected = opened(ctranslate2({}));
  const std::pair<TensorType, double> types[] = {{TensorType::Q8_0, 0.003},
                                                 {TensorType::Q5_1, 0.02},
                                                 {TensorType::Q5_0, 0.03},
                                                 {TensorType::Q4_1, 0.04},
                                                 {TensorType::Q4_0, 0.06}};
  double finer = 0;
  for (const auto& [type, most] : types) {
    test::writeTinyGgml(folder_.file("g.bin"), {}, type);
    std::string where;
    const double difference = largestDifference(expected, opened(folder_.file("g.bin")), &where);
    EXPECT_LT(difference, most) << where << " in type " << static_cast<int>(type);
    EXPECT_GT(difference, finer) << "types in the order of their precision";
    finer = difference;
  }
}

TEST_F(EveryFormat, GivesTheSameVocabulary) {
  for (const bool multilingual : {true, false}) {
    const test::TinyModelOptions options{.multilingual = multilingual};
    const ModelSource expected = opened(ctranslate2(options));
    const std::string names[] = {multilingual ? "m0" : "e0", multilingual ? "m1" : "e1"};
    for (const bool onlyTokenizerJson : {false, true}) {
      const ModelSource source = opened(
          huggingFace(names[onlyTokenizerJson].c_str(), options, {.onlyTokenizerJson = onlyTokenizerJson}));
      expectSameVocabulary(expected.vocabulary(), source.vocabulary());
      EXPECT_EQ(source.vocabulary().suppressed(), expected.vocabulary().suppressed());
      EXPECT_EQ(source.vocabulary().suppressedFirst(), expected.vocabulary().suppressedFirst());
      EXPECT_EQ(source.vocabulary().alignmentHeads(), expected.vocabulary().alignmentHeads());
    }
    if (multilingual) continue;
    test::writeTinyGgml(folder_.file("g.bin"), options);
    expectSameVocabulary(expected.vocabulary(), opened(folder_.file("g.bin")).vocabulary());
  }
}

TEST_F(EveryFormat, SuppressesWhatOpenAiDoesWhereItDoesNotSay) {
  test::writeTinyGgml(folder_.file("g.bin"), {.multilingual = false});
  for (const ModelSource& source :
       {opened(folder_.file("g.bin")),
        opened(huggingFace("h", {.multilingual = false}, {.hasGenerationConfig = false}))}) {
    const Vocabulary& vocabulary = source.vocabulary();
    const auto has = [&](std::string_view bytes) {
      for (const Token token : vocabulary.suppressed())
        if (vocabulary.bytes(token) == bytes) return true;
      return false;
    };
    for (const char* text : {"(", "[", "#", "\"", "\\", "~"}) EXPECT_TRUE(has(text)) << text;
    for (const char* text : {",", ".", "?", "!", "-", "'", "a", " the"}) EXPECT_FALSE(has(text)) << text;
    EXPECT_TRUE(has("\xe2")) << "the first byte of a note; this vocabulary has no more of it";
    for (const Token token : {vocabulary.startOfTranscript(), vocabulary.translate(), vocabulary.noSpeech()})
      EXPECT_EQ(std::count(vocabulary.suppressed().begin(), vocabulary.suppressed().end(), token), 1)
          << token;
    EXPECT_EQ(vocabulary.suppressedFirst(), (std::vector<Token>{220, vocabulary.endOfText()}));
  }
}

TEST_F(EveryFormat, HasANameAndAPlaceBesideIt) {
  const std::string folder = ctranslate2({});
  for (const std::string& path : {folder, folder + "/"}) {
    EXPECT_EQ(opened(path).name(), "c") << path;
    EXPECT_EQ(fs::path(opened(path).pathBeside("x.safetensors")).lexically_normal(),
              fs::path(folder + "/x.safetensors"));
  }
  for (const char* name : {"ggml-tiny.en-q5_1.bin", "ggml-tiny.en.bin"}) {
    test::writeTinyGgml(folder_.file(name), {.multilingual = false});
    const ModelSource source = opened(folder_.file(name));
    EXPECT_EQ(source.name(), fs::path(name).stem());
    EXPECT_EQ(source.pathBeside("x.safetensors"), folder_.file(name) + ".x.safetensors");
  }
}

TEST_F(EveryFormat, IsRefusedWhereNothingIsThere) {
  expectRefused(folder_.file("none"), ErrorCode::NotFound, {folder_.file("none")});
  expectRefused(folder_.path(), ErrorCode::NotFound,
                {folder_.path(), "model.bin", "model.safetensors", "ggml"});
  test::writeFile(folder_.file("text"), "This is not a model.");
  expectRefused(folder_.file("text"), ErrorCode::BadFile, {folder_.file("text"), "ggml", "\"This\""});
  const std::string folder = ctranslate2({});
  expectRefused(folder + "/model.bin", ErrorCode::BadFile, {folder + "/model.bin", "ggml"});
}

TEST_F(EveryFormat, RefusesHuggingFaceFoldersAndNamesTheFile) {
  const std::string folder = huggingFace("h", {}, {.shards = 3});
  const auto refused = [&](const char* file, const std::string& content, ErrorCode code,
                           std::vector<std::string> parts) {
    const std::string path = folder + "/" + file, whole = readFile(path);
    if (content.empty())
      fs::remove(path);
    else
      test::writeFile(path, content);
    parts.push_back(path);
    expectRefused(folder, code, parts);
    test::writeFile(path, whole);
  };
  const std::string config = readFile(folder + "/config.json");
  const auto changed = [&](const std::string& from, const std::string& to) {
    return std::string(config).replace(config.find(from), from.size(), to);
  };
  constexpr ErrorCode kBad = ErrorCode::BadFile, kGone = ErrorCode::NotFound;
  refused("config.json", "", kGone, {});
  refused("config.json", "[", kBad, {"JSON"});
  refused("config.json", changed("\"whisper\"", "\"bert\""), kBad, {"'bert'", "'whisper'"});
  refused("config.json", changed("\"d_model\":128", "\"d_model\":\"x\""), kBad, {"d_model"});
  refused("config.json", changed("\"d_model\":128", "\"d_model\":4294967296"), kBad, {"d_model"});
  refused("config.json", changed("\"d_model\":128", "\"d_model\":120"), kBad, {"width 120"});
  refused("config.json", changed("\"decoder_attention_heads\":2", "\"decoder_attention_heads\":4"), kBad,
          {"decoder_attention_heads", "2"});
  refused("config.json", changed("\"vocab_size\":", "\"vocab_size\":2147483647,\"x\":"), kBad,
          {"2147483647"});
  refused("generation_config.json", R"({"suppress_tokens":7})", kBad, {"suppress_tokens"});
  refused("generation_config.json", R"({"alignment_heads":[[1]]})", kBad, {"alignment_heads"});
  refused("vocab.json", "", kGone, {});
  refused("vocab.json", "[\"a\"]", kBad, {});
  refused("vocab.json", R"({"a":0,"b":0})", kBad, {"token 0"});
  refused("vocab.json", R"({"a":-1})", kBad, {"number of its token"});
  refused("vocab.json", R"({"a":99999999})", kBad, {"99999999"});
  refused("vocab.json", R"({"a":{"b":1}})", kBad, {});
  refused("added_tokens.json", R"({"<|0.00|>":"x"})", kBad, {});
  refused("model.safetensors.index.json", R"({"weight_map":{}})", kBad, {"weight_map"});
  refused("model.safetensors.index.json", R"({"weight_map":{"a":"../model.safetensors"}})", kBad,
          {"same folder"});
  refused("model.safetensors.index.json", R"({"weight_map":{"a":7}})", kBad, {"weight_map"});
  refused("model-1.safetensors", "", kGone, {});
  refused("model-2.safetensors", "12345678", kBad, {});

  // What is not in the files, or has another shape, is told by the tensor's name there.
  test::writeFile(folder + "/model.safetensors.index.json", R"({"weight_map":{"a":"model-0.safetensors"}})");
  expectRefused(folder, kBad, {"tensor 'model.", "is missing"});
}

TEST_F(EveryFormat, RefusesOtherSizesThanTheTensorsHave) {
  const std::string folder = huggingFace("h", {});
  test::writeFile(
      folder + "/config.json",
      std::string(readFile(folder + "/config.json"))
          .replace(readFile(folder + "/config.json").find("\"num_mel_bins\":80"), 17, "\"num_mel_bins\":81"));
  expectRefused(folder, ErrorCode::BadFile, {"model.safetensors", "conv1.weight", "128x80x3", "128x81x3"});
}

TEST_F(EveryFormat, RefusesFilesOfWhisperCppWhereverTheyEnd) {
  const std::string path = folder_.file("g.bin");
  test::writeTinyGgml(path, {.multilingual = false, .textContext = 16}, TensorType::Q8_0);
  const std::string whole = readFile(path);
  std::vector<size_t> lengths;
  for (size_t at = whole.find("coder."); at != whole.npos; at = whole.find("coder.", at + 1))
    lengths.push_back(at - 2 - 4 * 4);  // where tensors of one dimension begin
  for (size_t i = 1; i < 40; ++i) lengths.push_back(i * whole.size() / 40);
  ASSERT_GT(lengths.size(), 100u);
  for (const size_t length : lengths) {
    test::writeFile(path, std::string_view(whole).substr(0, length));
    const auto source = ModelSource::open(path);
    ASSERT_FALSE(source) << length;
    EXPECT_EQ(source.error().code, ErrorCode::BadFile);
    EXPECT_NE(source.error().message.find("'" + path + "'"), std::string::npos) << source.error().message;
  }
}

TEST_F(EveryFormat, RefusesOtherFilesThanWhisperCpps) {
  const std::string path = folder_.file("g.bin");
  test::writeTinyGgml(path, {.multilingual = false}, TensorType::Q5_0);
  const std::string whole = readFile(path);
  const auto refused = [&](size_t offset, std::string_view bytes, const std::vector<std::string>& parts) {
    test::writeFile(path, std::string(whole).replace(offset, bytes.size(), bytes));
    expectRefused(path, ErrorCode::BadFile, parts);
  };
  const auto number = [](uint32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  refused(0, "GGUF", {"\"GGUF\"", "ggml"});
  refused(4, number(0x7fffffff), {"2147483647 tokens"});
  refused(4, number(0xffffffff), {"-1 tokens"});
  refused(12, number(192), {"width 192", "width 128"});
  refused(16, number(3), {"3 heads"});
  refused(36, number(0), {"0 decoder layers"});
  refused(40, number(81), {"81", "80"});
  refused(44, number(8), {"layout 0", "May 2023"});
  const size_t tensor = whole.find("encoder.blocks.0.attn.query.weight") - 5 * 4;
  refused(tensor + 8, number(30), {"type 30", "q5_1"});
  refused(tensor + 12, number(100), {"encoder.blocks.0.attn.query.weight", "dimensions"});
  refused(tensor + 20, "decoder.blocks.0.attn.query.weight", {"decoder.blocks.0.attn.query.weight", "twice"});
}

}  // namespace
}  // namespace npuspeech
