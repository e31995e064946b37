// SPDX-License-Identifier: LGPL-2.1-or-later
// Loops over constants, for arrays that live in registers. Internal linkage on purpose.
#pragma once

#include <utility>

/// What holds or touches such an array is inlined before GCC decides (12 does so early) what stays in memory.
#define NPUSPEECH_INLINE __attribute__((always_inline))

namespace npuspeech {
namespace {

/// Calls body(i) for i from 0 to kCount - 1, each a constant (std::integral_constant). An array that is only
/// indexed so lives in registers, through loops around this too: a `for` that is unrolled is unrolled too
/// late for that.
template <int kCount, class Body>
NPUSPEECH_INLINE inline void unrolled(Body&& body) {
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) NPUSPEECH_INLINE {
    (body(std::integral_constant<int, kIndex>{}), ...);
  }
  (std::make_integer_sequence<int, kCount>{});
}

}  // namespace
}  // namespace npuspeech
