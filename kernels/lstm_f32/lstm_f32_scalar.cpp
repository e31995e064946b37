// SPDX-License-Identifier: LGPL-2.1-or-later
// The specification of lstm_f32.
#include <cmath>

#include "kernels/lstm_f32/lstm_f32.h"

namespace npuspeech {
namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

/// Gate `gate` of unit `unit` before its function.
double sumOfGate(const LstmF32& p, const float* gates, const float* h, int gate, int unit) {
  constexpr int kBlock = kLstmF32Block, kRow = 4 * kBlock;
  const float* weights = p.weights + unit / kBlock * kRow * p.width + gate * kBlock + unit % kBlock;
  double sum = static_cast<double>(gates[gate * p.width + unit]);
  for (int in = 0; h && in < p.width; ++in)
    sum += static_cast<double>(weights[in * kRow]) * static_cast<double>(h[in]);
  return sum;
}

}  // namespace

void lstmF32Scalar(const LstmF32& p) {
  const float* h = p.h;
  for (int step = 0; step < p.steps; ++step) {
    const float* gates = p.gates + step * p.gatesStride;
    float* out = p.out + step * p.outStride;
    for (int unit = 0; unit < p.width; ++unit) {
      const auto sum = [&](int gate) { return sumOfGate(p, gates, h, gate, unit); };
      const double c =
          logistic(sum(1)) * static_cast<double>(p.c[unit]) + logistic(sum(0)) * std::tanh(sum(2));
      p.c[unit] = static_cast<float>(c);
      out[unit] = static_cast<float>(logistic(sum(3)) * std::tanh(c));
    }
    h = out;
  }
}

}  // namespace npuspeech
