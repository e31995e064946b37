// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a layer's values before any sound was heard: batch norms tell their mean and variance.
#pragma once

#include "base/aligned.h"

namespace npuspeech {

/// The mean and the variance of each channel.
struct Moments {
  AlignedVector<float> mean, variance;
};

/// Those of max(0, x), where x is distributed normally.
Moments rectified(const Moments& x);
/// Those of a + b, which are independent of each other.
Moments sum(const Moments& a, const Moments& b);

}  // namespace npuspeech
