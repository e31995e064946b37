// SPDX-License-Identifier: LGPL-2.1-or-later
// Embeddings of voices that nobody has.
#pragma once

#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "speech/diar/window_geometry.h"

namespace npuspeech::test {

using Voice = std::array<float, diar::kEmbedding>;

/// A vector of length 1 in any direction. With `of` and a `spread`: near that one, so that two of a spread of
/// 0.7 have a cosine of about 0.67, as CAM++ hears one person twice.
inline Voice makeVoice(std::mt19937& random, const Voice* of = nullptr, double spread = 1) {
  Voice voice;
  std::normal_distribution<double> normal;
  const double each = spread / std::sqrt(static_cast<double>(voice.size()));
  for (size_t i = 0; i < voice.size(); ++i)
    voice[i] = static_cast<float>((of ? (*of)[i] : 0) + each * normal(random));
  const float length = std::sqrt(std::inner_product(voice.begin(), voice.end(), voice.begin(), 0.0f));
  for (float& value : voice) value /= length;
  return voice;
}

}  // namespace npuspeech::test
