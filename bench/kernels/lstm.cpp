// SPDX-License-Identifier: LGPL-2.1-or-later
// The recurrent half of an LSTM layer, over the sequence of a window of the segmentation network. Its weights
// are read once a step, from L2.
#include "kernels/lstm_f32/lstm_f32.h"

#include <algorithm>

#include "bench/kernels/bench.h"

namespace npuspeech {
namespace {

void benchLstm(benchmark::State& state, int width, int steps, LstmF32Function* body) {
  const size_t units = static_cast<size_t>(width), count = static_cast<size_t>(steps);
  const Floats gates = randomFloats(count * 4 * units),
               weights = randomFloats(lstmF32PackedSize(width), 0.1f);
  Floats c(units), out(count * units);
  measure(state, {.operations = 2.0 * steps * static_cast<double>(weights.size())}, [&] {
    std::fill(c.begin(), c.end(), 0.0f);
    body({.gates = gates.data(),
          .gatesStride = 4 * width,
          .weights = weights.data(),
          .c = c.data(),
          .out = out.data(),
          .outStride = width,
          .steps = steps,
          .width = width});
  });
}

}  // namespace

void addLstm() {
  addBodies("lstm_f32/128/293", lstmF32Variants(), [](benchmark::State& state, const auto& variant, bool) {
    benchLstm(state, 128, 293, variant.run);
  });
}

}  // namespace npuspeech
