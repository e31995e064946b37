// SPDX-License-Identifier: LGPL-2.1-or-later
// One model in every format: the same states and the same words, and packed weights that are kept apart.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <random>

#include "base/thread_pool.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "speech/whisper/engine.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_formats.h"

namespace npuspeech {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};
constexpr const char* kWords = "hello world this is good water";
constexpr const char* kPacked = "npuspeech-int8.safetensors";

std::vector<float> noise(size_t count) {
  std::mt19937 random(7);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() % 2000) * 1e-3f - 1;
  return values;
}

/// The states of a second of noise.
std::vector<float> statesOf(const std::string& path, Precision precision) {
  const auto weights = CpuWeights::load(path, precision, {}, {});
  EXPECT_TRUE(weights) << weights.error().message;
  if (!weights) return {};
  const WindowShape shape{100, (*weights)->audioContext};
  const std::vector<float> mel = noise(100 * 80);
  std::vector<float> states(static_cast<size_t>(shape.rows() * (*weights)->width));
  CpuEncoder encoder(*weights, std::make_shared<ThreadPool>(1));
  EXPECT_TRUE(encoder.encode(mel.data(), shape, states.data(), {}));
  return states;
}

std::string wordsOf(const std::string& path, Precision precision) {
  const auto engine = Engine::open({path, "cpu", precision, 1}, {}, {});
  if (!engine) return engine.error().message;
  EncodedWindow window;
  window.shape = {300, (*engine)->info().audioContext, {}};
  const size_t count =
      static_cast<size_t>(window.shape.rows()) * static_cast<size_t>((*engine)->info().stateWidth);
  const auto states = *(*engine)->device()->allocate(count * sizeof(float));
  const std::vector<float> values = noise(count);
  std::copy(values.begin(), values.end(), states->as<float>());
  window.states = states;
  std::promise<Result<DecodedWindow>> promise;
  const auto stream = *(*engine)->openStream({});
  stream->submit(std::move(window),
                 [&](Result<DecodedWindow> decoded) { promise.set_value(std::move(decoded)); });
  const Result<DecodedWindow> decoded = promise.get_future().get();
  if (!decoded) return decoded.error().message;
  std::string text;
  for (const Word& word : decoded->words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

class Formats : public testing::Test {
 protected:
  std::string write(const char* format, const test::TinyModelOptions& options) {
    const std::string path = folder_.file(format);
    if (format == std::string("ggml")) {
      test::writeTinyGgml(path, options, options.weights);
      return path;
    }
    fs::create_directory(path);
    if (format == std::string("ctranslate2"))
      test::writeTinyModel(path, options);
    else
      test::writeTinyHuggingFace(path, options);
    return path;
  }
  test::TempFolder folder_;
};

TEST_F(Formats, GiveTheSameStatesAndWords) {
  const test::TinyModelOptions options{.multilingual = false, .weights = TensorType::Float32, .says = kSays};
  const std::string paths[] = {write("ctranslate2", options), write("huggingface", options),
                               write("ggml", options)};
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    const std::vector<float> expected = statesOf(paths[0], precision);
    for (const std::string& path : paths) {
      EXPECT_EQ(statesOf(path, precision), expected) << path;
      EXPECT_EQ(wordsOf(path, precision), kWords) << path;
    }
  }
}

TEST_F(Formats, ThatKnowLanguagesGiveTheSameWords) {
  const test::TinyModelOptions options{.says = kSays};
  for (const char* format : {"ctranslate2", "huggingface"})
    EXPECT_EQ(wordsOf(write(format, options), Precision::Int8), kWords);
}

TEST_F(Formats, InBlocksGiveTheSameWords) {
  const test::TinyModelOptions options{.multilingual = false, .says = kSays};
  for (const TensorType type : {TensorType::Float16, TensorType::Q8_0, TensorType::Q5_1, TensorType::Q5_0,
                                TensorType::Q4_1, TensorType::Q4_0}) {
    const std::string path = folder_.file("ggml-" + std::to_string(static_cast<int>(type)) + ".bin");
    test::writeTinyGgml(path, options, type);
    EXPECT_EQ(wordsOf(path, Precision::Float32), kWords) << path;
    EXPECT_EQ(wordsOf(path, Precision::Int8), kWords) << path;
  }
}

TEST_F(Formats, KeepTheirPackedWeightsApart) {
  const std::string first = folder_.file("ggml-a.bin"), second = folder_.file("ggml-b.bin");
  const std::string shards = folder_.file("shards");
  test::writeTinyGgml(first, {.multilingual = false});
  test::writeTinyGgml(second, {.multilingual = false, .seed = 2});
  fs::create_directory(shards);
  test::writeTinyHuggingFace(shards, {.seed = 3}, {.shards = 2});
  const std::vector<std::vector<float>> states = {
      statesOf(first, Precision::Int8), statesOf(second, Precision::Int8), statesOf(shards, Precision::Int8)};
  EXPECT_NE(states[0], states[1]);
  for (const std::string& path : {first + "." + kPacked, second + "." + kPacked, shards + "/" + kPacked})
    EXPECT_TRUE(fs::exists(path)) << path;
  EXPECT_FALSE(fs::exists(folder_.file(kPacked)));
  EXPECT_EQ(statesOf(first, Precision::Int8), states[0]);
  EXPECT_EQ(statesOf(second, Precision::Int8), states[1]);
  EXPECT_EQ(statesOf(shards, Precision::Int8), states[2]);

  // A shard of another model makes another model.
  const std::string before = shards + "/model-1.safetensors";
  test::writeTinyHuggingFace(shards, {.seed = 4}, {.shards = 2});
  ASSERT_TRUE(fs::exists(before));
  EXPECT_NE(statesOf(shards, Precision::Int8), states[2]);
}

}  // namespace
}  // namespace npuspeech
