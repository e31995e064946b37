// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/widen.h"

#include <bit>
#include <cstring>

#include "speech/model/blocks.h"

namespace npuspeech {
namespace {

static_assert(std::endian::native == std::endian::little,
              "model files are little-endian and are read as they are");

uint32_t maskIf(bool condition) {
  return -static_cast<uint32_t>(condition);
}

/// Masks instead of branches, so that the loop over it becomes vector code on the baseline instruction set.
float fromHalf(uint16_t half) {
  constexpr uint32_t kExponent = 0x7c00u << 13;  // where the half's exponent lies after the shift
  const uint32_t bits = (half & 0x7fffu) << 13;
  const uint32_t exponent = bits & kExponent;
  const uint32_t normal = bits + ((127 - 15) << 23) + (((128 - 16) << 23) & maskIf(exponent == kExponent));
  // Subnormal: a fraction behind 2^-14's leading one, less that one. The subtraction normalises, and never
  // meets a subnormal float, which would be slow, or zero where a thread flushes them.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(bits + (113u << 23)) - 0x1p-14f);
  const uint32_t isSubnormal = maskIf(exponent == 0);
  return std::bit_cast<float>((normal & ~isSubnormal) | (subnormal & isSubnormal) | (half & 0x8000u) << 16);
}

float fromBFloat(uint16_t stored) {
  return std::bit_cast<float>(static_cast<uint32_t>(stored) << 16);
}

template <class Stored, class Convert>
void widen(const std::byte* bytes, float* out, size_t count, Convert convert) {
  for (size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof stored, sizeof stored);
    out[i] = convert(stored);
  }
}

}  // namespace

float halfToFloat(uint16_t half) {
  return fromHalf(half);
}

void widenToFloat(TensorType type, const std::byte* bytes, float* out, size_t count) {
  const auto plain = [](auto stored) { return static_cast<float>(stored); };
  switch (type) {
    case TensorType::Float32:
      std::memcpy(out, bytes, count * sizeof(float));
      return;
    case TensorType::Int8:
      widen<int8_t>(bytes, out, count, plain);
      return;
    case TensorType::Int16:
      widen<int16_t>(bytes, out, count, plain);
      return;
    case TensorType::Int32:
      widen<int32_t>(bytes, out, count, plain);
      return;
    case TensorType::Float16:
      widen<uint16_t>(bytes, out, count, fromHalf);
      return;
    case TensorType::BFloat16:
      widen<uint16_t>(bytes, out, count, fromBFloat);
      return;
    case TensorType::Q4_0:
    case TensorType::Q4_1:
    case TensorType::Q5_0:
    case TensorType::Q5_1:
    case TensorType::Q8_0:
      widenBlocks(type, bytes, out, count);
      return;
  }
}

}  // namespace npuspeech
