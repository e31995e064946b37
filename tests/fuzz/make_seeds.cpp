// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes valid inputs, for the fuzzers to begin with: make_seeds FOLDER.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_formats.h"
#include "tests/support/tiny_model.h"

namespace {

using namespace npuspeech;

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void writeSeed(const std::string& folder, const std::string& fuzzer, const std::string& name,
               std::string_view bytes) {
  std::filesystem::create_directories(folder + "/" + fuzzer);
  test::writeFile(folder + "/" + fuzzer + "/" + name, bytes);
}

std::string vocabularySeed(bool multilingual) {
  const test::TempFolder folder;
  test::writeTinyVocabulary(folder.path(), multilingual);
  const size_t tokens = test::tinyVocabulary(multilingual).size();
  std::string seed{static_cast<char>(tokens >> 8), static_cast<char>(tokens), multilingual ? '\0' : '\1'};
  seed += readFile(folder.file(multilingual ? "vocabulary.json" : "vocabulary.txt")) + '\xff';
  seed += readFile(folder.file("config.json")) + '\xff';
  return seed + R"({"version":"1.0","added_tokens":[{"id":445,"content":"<|endoftext|>","special":true}]})";
}

std::string huggingFaceSeed(bool onlyTokenizerJson) {
  const test::TempFolder folder;
  test::writeTinyHuggingFace(folder.path(), {}, {.shards = 2, .onlyTokenizerJson = onlyTokenizerJson});
  std::string seed(1, onlyTokenizerJson ? '\1' : '\0');
  seed += readFile(folder.file("config.json")) + '\xff' + readFile(folder.file("generation_config.json"));
  seed += "\xff{\"weight_map\":{\"a\":\"model-0.safetensors\"}}\xff";
  seed += readFile(folder.file(onlyTokenizerJson ? "tokenizer.json" : "vocab.json")) + '\xff';
  return onlyTokenizerJson ? seed : seed + readFile(folder.file("added_tokens.json"));
}

/// Up to the first tensors: what is small.
std::string ggmlSeed(TensorType type) {
  const test::TempFolder folder;
  test::writeTinyGgml(folder.file("m"), {.multilingual = false, .melBins = 2}, type);
  const std::string file = readFile(folder.file("m"));
  const size_t tensor = file.find("encoder.conv1.bias");
  return file.substr(0, tensor - 5 * 4) + file.substr(tensor - 5 * 4, 5 * 4 + 18 + 4 * test::kTinyStateWidth);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  auto [weight, scale] = test::int8Tensors("w", {2, 2}, {1, -2, 3, -4});
  const std::vector<test::NamedTensor> tensors = {
      weight,
      scale,
      test::floatTensor("a/f32", {2, 3}, {1, 2, 3, 4, 5, 6}),
      test::floatTensor("a/f16", {2}, {1, 2}, TensorType::Float16),
      test::floatTensor("a/bf16", {1}, {1}, TensorType::BFloat16),
      test::integerTensor("heads", TensorType::Int16, 2),
      test::integerTensor("count", TensorType::Int32, 2)};
  writeSeed(folder, "ctranslate2", "small", test::ctranslate2File(tensors, {{"b", "w"}, {"c", "b"}}));
  writeSeed(folder, "safetensors", "small", test::safetensorsFile(tensors));
  writeSeed(folder, "ggml", "f32", ggmlSeed(TensorType::Float32));
  writeSeed(folder, "ggml", "q5_1", ggmlSeed(TensorType::Q5_1));
  writeSeed(folder, "huggingface", "vocab", huggingFaceSeed(false));
  writeSeed(folder, "huggingface", "tokenizer", huggingFaceSeed(true));
  writeSeed(folder, "vocabulary", "multilingual", vocabularySeed(true));
  writeSeed(folder, "vocabulary", "english", vocabularySeed(false));
  writeSeed(folder, "utf8", "languages", "\3it's \u00e9t\u00e9 \u6771\u4eac 2024, \U0001f44d!");
  return 0;
}
