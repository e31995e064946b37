// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/unit_vector.h"

#include <array>
#include <cmath>
#include <numeric>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

void normalize(std::span<float> vector) {
  const float length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0f));
  if (length > 0)
    for (float& value : vector) value /= length;
}

float cosine(std::span<const float> a, std::span<const float> b) {
  std::array<float, 8> sums{};  // several, so that the compiler computes side by side
  for (size_t i = 0; i < kEmbedding; i += sums.size())
    for (size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += a[i + lane] * b[i + lane];
  return std::accumulate(sums.begin(), sums.end(), 0.0f);
}

}  // namespace npuspeech::diar
