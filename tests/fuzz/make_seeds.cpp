// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes valid inputs, for the fuzzers to begin with: make_seeds FOLDER.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
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
  writeSeed(folder, "vocabulary", "multilingual", vocabularySeed(true));
  writeSeed(folder, "vocabulary", "english", vocabularySeed(false));
  writeSeed(folder, "utf8", "languages", "\3it's \u00e9t\u00e9 \u6771\u4eac 2024, \U0001f44d!");
  return 0;
}
