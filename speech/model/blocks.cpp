// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/blocks.h"

#include <cstring>

#include "speech/model/tensor_parsers.h"
#include "speech/model/widen.h"

namespace npuspeech {
namespace {

constexpr size_t kNumbers = 32;

template <class T>
T take(const std::byte*& bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  bytes += sizeof value;
  return value;
}

/// Four bits, and a fifth where `hasFifth`.
template <bool hasOffset, bool hasFifth>
void widenNibbles(const std::byte* bytes, float* out) {
  const float scale = halfToFloat(take<uint16_t>(bytes));
  const float offset = hasOffset ? halfToFloat(take<uint16_t>(bytes)) : 0;
  const uint32_t fifths = hasFifth ? take<uint32_t>(bytes) : 0;
  constexpr int kMiddle = hasOffset ? 0 : hasFifth ? 16 : 8;
  constexpr size_t kHalf = kNumbers / 2;
  for (size_t i = 0; i < kHalf; ++i) {
    const auto pair = static_cast<uint32_t>(bytes[i]);
    const uint32_t low = (pair & 15) | (fifths >> i & 1) << 4;
    const uint32_t high = pair >> 4 | (fifths >> (i + kHalf) & 1) << 4;
    out[i] = static_cast<float>(static_cast<int>(low) - kMiddle) * scale + offset;
    out[i + kHalf] = static_cast<float>(static_cast<int>(high) - kMiddle) * scale + offset;
  }
}

void widenBytes(const std::byte* bytes, float* out) {
  const float scale = halfToFloat(take<uint16_t>(bytes));
  for (size_t i = 0; i < kNumbers; ++i) out[i] = static_cast<float>(static_cast<int8_t>(bytes[i])) * scale;
}

using Widen = void (*)(const std::byte*, float*);

Widen widenOf(TensorType type) {
  switch (type) {
    case TensorType::Q4_0:
      return widenNibbles<false, false>;
    case TensorType::Q4_1:
      return widenNibbles<true, false>;
    case TensorType::Q5_0:
      return widenNibbles<false, true>;
    case TensorType::Q5_1:
      return widenNibbles<true, true>;
    default:
      return widenBytes;
  }
}

}  // namespace

void widenBlocks(TensorType type, const std::byte* bytes, float* out, size_t count) {
  const Widen widen = widenOf(type);
  const size_t size = blockOf(type).bytes;
  for (size_t i = 0; i < count; i += kNumbers, bytes += size) widen(bytes, out + i);
}

}  // namespace npuspeech
