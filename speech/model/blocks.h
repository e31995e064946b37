// SPDX-License-Identifier: LGPL-2.1-or-later
// ggml's blocks: 32 numbers that share a scale, and some of them an offset.
#pragma once

#include <cstddef>

#include "speech/model/tensor_file.h"

namespace npuspeech {

/// Writes `count` numbers, a multiple of 32, of a type in blocks to `out`. `bytes` may be unaligned.
///
/// A block is a f16 scale; in Q4_1 and Q5_1 a f16 offset; in Q5_0 and Q5_1 the numbers' fifth bits, u32; and
/// the numbers: a signed byte each in Q8_0, else their low four bits, byte i those of numbers i (low) and 16
/// + i. Number * scale + offset is the value; without an offset the middle, 8 or 16, stands for zero.
void widenBlocks(TensorType type, const std::byte* bytes, float* out, size_t count);

}  // namespace npuspeech
