// SPDX-License-Identifier: LGPL-2.1-or-later
// Any three texts as vocabulary.json (or .txt), config.json and tokenizer.json of a model folder.
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "speech/model/ctranslate2_vocabulary.h"
#include "speech/model/vocabulary.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace npuspeech;
  static const test::TempFolder folder;
  if (size < 3) return 0;
  // Two bytes say how many tokens the model has; the texts are separated by 0xff, which no JSON holds.
  const int tokens = data[0] << 8 | data[1];
  const bool lines = data[2] & 1;
  std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::filesystem::remove(folder.file("vocabulary.json"));
  for (const char* name : {lines ? "vocabulary.txt" : "vocabulary.json", "config.json", "tokenizer.json"}) {
    const size_t end = std::min(rest.find('\xff'), rest.size());
    test::writeFile(folder.file(name), rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto vocabulary = loadCTranslate2Vocabulary(folder.path(), tokens);
  if (!vocabulary) {
    if (vocabulary.error().code != ErrorCode::BadFile) __builtin_trap();
    return 0;
  }
  for (const Token token : {vocabulary->endOfText(), vocabulary->startOfTranscript(), vocabulary->translate(),
                            vocabulary->noSpeech(), vocabulary->noTimestamps(),
                            vocabulary->firstTimestamp() + vocabulary->timestamps() - 1})
    if (token < 0 || token >= vocabulary->size()) __builtin_trap();
  for (Token token = -1; token <= vocabulary->size(); ++token)
    if (!vocabulary->isText(token) && !vocabulary->bytes(token).empty()) __builtin_trap();
  for (const auto* list : {&vocabulary->suppressed(), &vocabulary->suppressedFirst()})
    for (const Token token : *list)
      if (token < 0 || token >= vocabulary->size()) __builtin_trap();
  if (const auto encoded = vocabulary->encode(" hello, it's\n"))
    for (const Token token : *encoded)
      if (!vocabulary->isText(token)) __builtin_trap();
  return 0;
}
