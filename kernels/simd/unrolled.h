// SPDX-License-Identifier: LGPL-2.1-or-later
// Loops over constants, for arrays that live in registers. Internal linkage keeps its instructions out of
// other object files.
#pragma once

#include <utility>

/// For functions that hold or use such an array: they must be inlined before GCC decides what stays in
/// memory, which GCC 12 does early.
#define NPUSPEECH_INLINE __attribute__((always_inline))

namespace npuspeech {
namespace {

/// Calls body(i) for i from 0 to kCount - 1, each a constant (std::integral_constant). An array that is only
/// indexed by such constants stays in registers, also through loops around this one. A plain `for` is
/// unrolled too late for that.
template <int kCount, class Body>
NPUSPEECH_INLINE inline void unrolled(Body&& body) {
  [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) NPUSPEECH_INLINE {
    (body(std::integral_constant<int, kIndex>{}), ...);
  }
  (std::make_integer_sequence<int, kCount>{});
}

}  // namespace
}  // namespace npuspeech
