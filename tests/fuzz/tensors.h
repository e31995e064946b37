// SPDX-License-Identifier: LGPL-2.1-or-later
// What holds for whatever a tensor file is parsed to.
#pragma once

#include <cstdint>
#include <vector>

#include "speech/model/tensor_parsers.h"
#include "speech/model/widen.h"

namespace npuspeech::fuzz {

/// Parses a copy that ends where the memory ends, and reads every tensor to its last byte.
inline void parseTensors(Result<ParsedTensors> (*parse)(std::span<const std::byte>, std::string_view),
                         const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  const std::vector<std::byte> file(begin, begin + size);
  const auto parsed = parse(file, "file");
  if (!parsed) {
    if (parsed.error().code != ErrorCode::BadFile) __builtin_trap();
    return;
  }
  std::vector<float> values;
  for (const auto& [name, view] : parsed->tensors) {
    values.resize(static_cast<size_t>(view.elements()));
    widenToFloat(view.type, view.data.data(), values.data(), values.size());
  }
}

}  // namespace npuspeech::fuzz
