// SPDX-License-Identifier: LGPL-2.1-or-later
// The products of our kernels by oneDNN, for comparison, where oneDNN was found at configure time.
#pragma once

#include <cstdint>
#include <functional>

namespace npuspeech {

/// The product out[rows][columns] = a[rows][depth] * weights[depth][columns] + bias, on random operands.
struct OnednnProduct {
  int rows, columns, depth;
  /// True: unsigned 8-bit rows with one zero point, signed 8-bit weights with a scale for each column, and
  /// float32 results. False: float32 throughout.
  bool int8;
  /// True: GELU is applied to the result.
  bool gelu;
  /// True: the result is added to what `out` holds.
  bool residual = false;
};

/// Prepares a product, and returns the function that runs it. Empty where this build has no oneDNN. It runs
/// on oneDNN's own threads: OMP_NUM_THREADS, set before the first call.
std::function<void()> makeOnednnProduct(const OnednnProduct& product);

/// Sets the number of oneDNN's threads. False where oneDNN does not use OpenMP, so that the number cannot be
/// set.
bool setOnednnThreads(int threads);

/// The version, as "oneDNN 2.6.3", or "" where this build has none.
const char* onednnVersion();

}  // namespace npuspeech
