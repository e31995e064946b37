// SPDX-License-Identifier: LGPL-2.1-or-later
// The band passes with which the segmentation network begins.
#pragma once

#include <span>

#include "base/aligned.h"

namespace npuspeech {

/// What was learnt of the band passes: the lowest frequency of each above 50 Hz, its width above 50 Hz, the
/// left half of a window over the taps, and 2 pi t / 16000 of these taps, without the one in the middle.
struct SincBands {
  std::span<const float> lowHz, bandHz;  // [bands]
  std::span<const float> window, times;  // [taps / 2]
};

/// Returns [2 * bands][taps], as a product takes them: all even filters (cosines), then all odd ones (sines).
AlignedVector<float> makeSincFilters(const SincBands& bands);

}  // namespace npuspeech
