// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes as a file of whisper.cpp.
#include "tests/fuzz/tensors.h"

namespace {

npuspeech::Result<npuspeech::ParsedTensors> parse(std::span<const std::byte> file, std::string_view path) {
  auto parsed = npuspeech::parseGgml(file, path);
  if (!parsed) return parsed.error();
  size_t bytes = 0;
  for (size_t i = 0; i < parsed->tokens.size(); ++i) bytes += parsed->tokens[i].size();
  if (bytes > file.size()) __builtin_trap();
  return std::move(parsed->tensors);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  npuspeech::fuzz::parseTensors(parse, data, size);
  return 0;
}
