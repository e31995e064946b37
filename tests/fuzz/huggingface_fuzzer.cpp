// SPDX-License-Identifier: LGPL-2.1-or-later
// Any five texts as the JSON files of a Hugging Face model folder, beside no weights.
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "speech/model/huggingface_config.h"
#include "speech/model/model_source.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace npuspeech;
  static const test::TempFolder folder;
  static const bool hasWeights = [] {
    test::writeFile(folder.file("model-0.safetensors"),
                    test::safetensorsFile({test::floatTensor("a", {1}, {1})}));
    return true;
  }();
  if (size < 1 || !hasWeights) return 0;
  // A byte says which file has the vocabulary; the texts are separated by 0xff, which no JSON holds.
  const char* const vocabulary = data[0] & 1 ? "tokenizer.json" : "vocab.json";
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const char* name : {"tokenizer.json", "vocab.json", "added_tokens.json"})
    std::filesystem::remove(folder.file(name));
  for (const char* name : {"config.json", "generation_config.json", "model.safetensors.index.json",
                           vocabulary, "added_tokens.json"}) {
    const size_t end = std::min(rest.find('\xff'), rest.size());
    test::writeFile(folder.file(name), rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto model = ModelSource::open(folder.path());
  if (model) __builtin_trap();  // it has no tensors
  if (model.error().code != ErrorCode::BadFile && model.error().code != ErrorCode::NotFound) __builtin_trap();
  return 0;
}
