// SPDX-License-Identifier: LGPL-2.1-or-later
// The number of operations of an encoder.
#pragma once

#include "speech/whisper/cpu/weights.h"
#include "speech/whisper/window.h"

namespace npuspeech {

/// Returns the operations of the products and the attention of a window, where a multiply and an add are two.
/// Normalisation and activations are left out.
inline double encoderOperations(const CpuWeights& w, const WindowShape& shape) {
  const double rows = shape.rows(), width = w.width;
  const double convolutions = 3 * width * (2 * rows * w.melBins + rows * width);
  const double layer = rows * width * (4 * width + 2.0 * w.ffnWidth) + 2 * rows * rows * width;
  return 2 * (convolutions + static_cast<double>(w.encoder.size()) * layer);
}

}  // namespace npuspeech
