// SPDX-License-Identifier: LGPL-2.1-or-later
// Stored numbers to float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "speech/model/tensor_file.h"

namespace npuspeech {

/// Writes `count` numbers of `type`, stored little-endian from `bytes` (any alignment), to `out`. Exact for
/// all types but Int32, which is rounded to nearest; no scale is applied. NaNs stay NaNs. A part of a tensor
/// is its bytes from the part's first element on, so rows can be spread over threads. Of types in blocks,
/// `count` is whole blocks.
void widenToFloat(TensorType type, const std::byte* bytes, float* out, size_t count);

/// The value of an IEEE 754 half. Exact.
float halfToFloat(uint16_t half);

}  // namespace npuspeech
