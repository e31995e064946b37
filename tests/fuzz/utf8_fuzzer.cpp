// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes in any pieces: the same text as in one piece, and valid.
#include <cstdint>

#include "speech/model/gpt2_words.h"
#include "speech/model/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace npuspeech;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Utf8Joiner whole;
  std::string text = whole.add(bytes);
  text += whole.finish();

  Utf8Joiner pieces;
  std::string joined;
  const size_t step = data[0] % 7 + 1;
  for (size_t i = 0; i < bytes.size(); i += step) joined += pieces.add(bytes.substr(i, step));
  joined += pieces.finish();
  if (joined != text) __builtin_trap();

  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Step character = utf8Step(rest);
    if (character.kind != Utf8Step::Character) __builtin_trap();
    rest.remove_prefix(character.length);
  }
  std::string again;
  for (const std::string_view word : gpt2Words(text)) {
    if (word.empty()) __builtin_trap();
    again += word;
  }
  if (again != text) __builtin_trap();
  return 0;
}
