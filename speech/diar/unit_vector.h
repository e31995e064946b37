// SPDX-License-Identifier: LGPL-2.1-or-later
// Embeddings as directions.
#pragma once

#include <span>

namespace npuspeech::diar {

/// Makes the vector's length 1, unless it is 0.
void normalize(std::span<float> vector);
/// The cosine of two vectors of length 1 with kEmbedding elements.
float cosine(std::span<const float> a, std::span<const float> b);

}  // namespace npuspeech::diar
