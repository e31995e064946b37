// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/block_writer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "speech/model/widen.h"
#include "tests/support/tensor_writer.h"

namespace npuspeech::test {
namespace {

struct Layout {
  int bits;
  bool hasOffset;
};

Layout layoutOf(TensorType type) {
  switch (type) {
    case TensorType::Q4_0:
      return {4, false};
    case TensorType::Q4_1:
      return {4, true};
    case TensorType::Q5_0:
      return {5, false};
    case TensorType::Q5_1:
      return {5, true};
    default:
      return {8, false};
  }
}

/// Appends a half, and gives what it stands for.
float appendHalf(std::string& out, float value) {
  const std::string half = floatTensor("", {1}, {value}, TensorType::Float16).bytes;
  out += half;
  float stored = 0;
  widenToFloat(TensorType::Float16, reinterpret_cast<const std::byte*>(half.data()), &stored, 1);
  return stored;
}

void appendBlock(std::string& out, Layout layout, std::span<const float> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const int middle = layout.hasOffset ? 0 : 1 << (layout.bits - 1), top = (1 << layout.bits) - 1;
  const float largest = std::max(std::abs(*low), std::abs(*high));
  const float step = layout.hasOffset ? (*high - *low) / static_cast<float>(top)
                                      : largest / static_cast<float>(top - middle);
  const float scale = appendHalf(out, step), offset = layout.hasOffset ? appendHalf(out, *low) : 0;
  std::vector<uint32_t> numbers;
  for (const float value : values) {
    const float steps = scale > 0 ? (value - offset) / scale : 0;
    numbers.push_back(
        static_cast<uint32_t>(std::clamp(static_cast<int>(std::lround(steps)) + middle, 0, top)));
  }
  if (layout.bits == 8) {
    for (const uint32_t number : numbers) out += static_cast<char>(static_cast<int>(number) - middle);
    return;
  }
  if (layout.bits == 5)
    for (size_t byte = 0; byte < 4; ++byte) {
      uint32_t fifths = 0;
      for (size_t bit = 0; bit < 8; ++bit) fifths |= (numbers[byte * 8 + bit] >> 4) << bit;
      out += static_cast<char>(fifths);
    }
  for (size_t i = 0; i < 16; ++i) out += static_cast<char>((numbers[i] & 15) | (numbers[i + 16] & 15) << 4);
}

}  // namespace

std::string blocksOf(TensorType type, const std::vector<float>& values) {
  std::string out;
  for (size_t i = 0; i < values.size(); i += 32)
    appendBlock(out, layoutOf(type), std::span(values).subspan(i, 32));
  return out;
}

}  // namespace npuspeech::test
