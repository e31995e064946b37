// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/lstm_f32/lstm_f32.h"

#include <algorithm>
#include <cmath>

#include "base/aligned.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

/// A layer as PyTorch stores it, its sequence in the order of time, and what comes out, in double.
struct Layer {
  Layer(int stepCount, int unitCount, float deviation)
      : steps(static_cast<size_t>(stepCount)), width(static_cast<size_t>(unitCount)) {
    weights.resize(4 * width * width);
    gates.resize(steps * 4 * width);
    h.resize(width);
    c.resize(width);
    fillNormal(weights, 1, 1.5f / std::sqrt(static_cast<float>(width)));
    fillNormal(gates, 2, deviation);
    fillNormal(h, 3, 0.5f);
    fillNormal(c, 4);
  }

  /// [steps][width], from state h and c, which it leaves in `c`.
  std::vector<double> run(bool fromZeros, std::vector<double>& cells) const {
    const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
    std::vector<double> state(width), out(steps * width);
    for (size_t u = 0; u < width && !fromZeros; ++u) state[u] = static_cast<double>(h[u]);
    cells.assign(c.begin(), c.end());
    for (size_t t = 0; t < steps; ++t) {
      for (size_t u = 0; u < width; ++u) {
        double sums[4];
        for (size_t g = 0; g < 4; ++g) {
          sums[g] = static_cast<double>(gates[(t * 4 + g) * width + u]);
          for (size_t k = 0; k < width; ++k)
            sums[g] += static_cast<double>(weights[(g * width + u) * width + k]) * state[k];
        }
        cells[u] = logistic(sums[1]) * cells[u] + logistic(sums[0]) * std::tanh(sums[2]);
        out[t * width + u] = logistic(sums[3]) * std::tanh(cells[u]);
      }
      std::copy_n(out.begin() + static_cast<ptrdiff_t>(t * width), width, state.begin());
    }
    return out;
  }

  size_t steps, width;
  std::vector<float> weights, gates, h, c;
};

class LstmF32Test : public VariantTest<Variant<LstmF32Function>> {
 protected:
  void check(int steps, int width, float deviation, bool fromZeros, bool backwards) const {
    SCOPED_TRACE(testing::Message() << steps << " steps of " << width << ", deviation " << deviation
                                    << (fromZeros ? ", from zeros" : "") << (backwards ? ", backwards" : ""));
    const Layer layer(steps, width, deviation);
    const size_t w = layer.width, gatesStride = 4 * w + 3, outStride = w + 5;
    std::vector<double> cells;
    const std::vector<double> expected = layer.run(fromZeros, cells);

    AlignedVector<float> packed(lstmF32PackedSize(width));
    packLstmF32(layer.weights.data(), width, packed.data());
    Guarded<float> gates(layer.steps * gatesStride, 1), out(layer.steps * outStride, 3), c(w, 2);
    const auto row = [&](size_t t) { return backwards ? layer.steps - 1 - t : t; };
    for (size_t t = 0; t < layer.steps; ++t)
      std::copy_n(layer.gates.data() + t * 4 * w, 4 * w, gates.data() + row(t) * gatesStride);
    std::copy_n(layer.c.data(), w, c.data());
    const ptrdiff_t sign = backwards ? -1 : 1;
    const size_t first = steps > 0 ? row(0) : 0;
    GetParam().run({.gates = gates.data() + first * gatesStride,
                    .gatesStride = sign * static_cast<ptrdiff_t>(gatesStride),
                    .weights = packed.data(),
                    .h = fromZeros ? nullptr : layer.h.data(),
                    .c = c.data(),
                    .out = out.data() + first * outStride,
                    .outStride = sign * static_cast<ptrdiff_t>(outStride),
                    .steps = steps,
                    .width = width});
    ASSERT_TRUE(out.intact() && c.intact());
    for (size_t t = 0; t < layer.steps; ++t)
      for (size_t u = 0; u < outStride; ++u) {
        const size_t at = row(t) * outStride + u;
        if (u < w)
          ASSERT_NEAR(static_cast<double>(out[at]), expected[t * w + u], 4e-6) << t << ", " << u;
        else
          ASSERT_TRUE(out.untouched(at));
      }
    for (size_t u = 0; u < w; ++u)
      ASSERT_NEAR(static_cast<double>(c[u]), cells[u], 4e-6 * (1 + std::fabs(cells[u]))) << u;
  }
};

TEST_P(LstmF32Test, EveryWidth) {
  for (int width = 16; width <= 160; width += 16) check(5, width, 1, false, false);
}
TEST_P(LstmF32Test, FromZerosAndBackwards) {
  for (const bool backwards : {false, true}) check(40, 128, 1, true, backwards);
  check(3, 48, 1, false, true);
}
TEST_P(LstmF32Test, NoSteps) {
  check(0, 32, 1, false, false);
}
TEST_P(LstmF32Test, OneStep) {
  check(1, 128, 1, false, false);
}
TEST_P(LstmF32Test, SaturatedGates) {
  check(6, 32, 100, false, false);
  check(6, 32, 1e6f, true, false);
}

INSTANTIATE_OVER_VARIANTS(LstmF32Test, lstmF32Variants());

}  // namespace
}  // namespace npuspeech
