// SPDX-License-Identifier: LGPL-2.1-or-later
// Stores numbers in ggml's blocks.
#pragma once

#include <string>
#include <vector>

#include "speech/model/tensor_file.h"

namespace npuspeech::test {

/// `values`, a multiple of 32, as blocks of `type` (Q4_0 to Q8_0): each rounded to the nearest that its block
/// has.
std::string blocksOf(TensorType type, const std::vector<float>& values);

}  // namespace npuspeech::test
