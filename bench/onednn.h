// SPDX-License-Identifier: LGPL-2.1-or-later
// The same products by oneDNN, for comparison, where it was found at configure time.
#pragma once

#include <cstdint>
#include <functional>

namespace npuspeech {

/// A product out[rows][columns] = a[rows][depth] * weights[depth][columns] + bias (GELU; added to what `out`
/// holds, where that is the residual) on random operands, ready to run: float32, or unsigned 8-bit rows with
/// one zero point by signed 8-bit weights with a scale per column, float32 out.
struct OnednnProduct {
  int rows, columns, depth;
  bool int8, gelu, residual = false;
};

/// Empty where this build has no oneDNN. Threads are oneDNN's own: OMP_NUM_THREADS, set before the first
/// call.
std::function<void()> makeOnednnProduct(const OnednnProduct& product);

/// False where oneDNN runs over another runtime than OpenMP, which takes its threads from elsewhere.
bool setOnednnThreads(int threads);

/// "oneDNN 2.6.3", or "" where this build has none.
const char* onednnVersion();

}  // namespace npuspeech
