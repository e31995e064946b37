// SPDX-License-Identifier: LGPL-2.1-or-later
// A probability in 16 bits, for the attention of every token to every row of audio.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace npuspeech {

/// A number in [0, 1] as a float32 that has 5 bits of exponent and 11 of mantissa, so that unlikely rows keep
/// their digits: the relative error is at most 2^-12. What is below 2^-31 becomes 2^-31.
class Probability16 {
 public:
  Probability16() = default;
  Probability16(float value)
      : code_(static_cast<uint16_t>(
            (std::max(std::bit_cast<uint32_t>(value), kLeast) - kLeast + (1u << (kDropped - 1))) >>
            kDropped)) {}
  operator float() const { return std::bit_cast<float>((uint32_t{code_} << kDropped) + kLeast); }

 private:
  static constexpr uint32_t kLeast = (127u - 31u) << 23;  // 2^-31
  static constexpr uint32_t kDropped = 12;                // bits of the mantissa

  uint16_t code_;
};

}  // namespace npuspeech
