// SPDX-License-Identifier: LGPL-2.1-or-later
// CAM++ as its definition has it, layer by layer and without a thought for speed, and weights to try it with.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "tests/support/tensor_writer.h"

namespace npuspeech::test {

/// The tensors of a file of weights.
using PlainWeights = std::map<std::string, std::vector<float>>;

/// Makes weights at random, the same each time, whose layers keep the size of what they read.
PlainWeights randomEmbeddingWeights();
/// The same as tensors of a file.
std::vector<NamedTensor> embeddingTensors(const PlainWeights& weights);

/// Returns the embedding of frames[count][80].
std::vector<float> plainEmbedding(const PlainWeights& weights, std::span<const float> frames);

}  // namespace npuspeech::test
