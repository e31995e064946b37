// SPDX-License-Identifier: LGPL-2.1-or-later
// Functions of a vector of float, over whichever of avx512.h, avx2.h or neon.h was included first.
// Coefficients: minimax polynomials from Remez's algorithm in double; the bounds were measured in float.
#pragma once

namespace npuspeech {
namespace {

constexpr float kLog2E = 1.44269504088896340736f;

/// 2^x for x up to 127, relative error below 2e-7; 0 for x below -126.5 and for -infinity.
inline F32 exp2(F32 x) {
  const F32 n = roundNearest(x);
  const F32 f = x - n;
  F32 p = broadcast(1.3276471998e-03f);
  p = fma(p, f, broadcast(9.6755413344e-03f));
  p = fma(p, f, broadcast(5.5507132735e-02f));
  p = fma(p, f, broadcast(2.4022119724e-01f));
  p = fma(p, f, broadcast(6.9314696706e-01f));
  p = fma(p, f, broadcast(1.0f));
  return scaleByPowerOfTwo(p, n);
}

/// 2^x for x up to 127, relative error below 8e-5; below 1.2e-38 for x below -126 and for -infinity.
inline F32 roughExp2(F32 x) {
  x = max(x, broadcast(-126));
  const F32 n = roundNearest(x);
  const F32 f = x - n;
  F32 p = broadcast(5.5171669058e-02f);
  p = fma(p, f, broadcast(2.4261112219e-01f));
  p = fma(p, f, broadcast(6.9326098546e-01f));
  p = fma(p, f, broadcast(9.9992807354e-01f));
  return scaleByNormalPower(p, n);
}

/// x * (1 + erf(x / sqrt 2)) / 2 with an absolute error below 1e-6: max(x, 0) - h(|x|), where the bump
/// h(t) = t * erfc(t / sqrt 2) / 2 is a polynomial of degree 14 on [0, 5.25] and nothing beyond.
inline F32 gelu(F32 x) {
  constexpr float kEnd = 5.25f;
  const F32 t = fma(min(abs(x), broadcast(kEnd)), broadcast(2 / kEnd), broadcast(-1));
  // By pairs, then fours, then eights (Estrin): one chain of 14 would fill the scheduler with waiting
  // instructions.
  const auto pair = [t](float c1, float c0) { return fma(broadcast(c1), t, broadcast(c0)); };
  const F32 t2 = t * t, t4 = t2 * t2, t8 = t4 * t4;
  const F32 p0 =
      fma(pair(-2.911494076e-01f, 2.143380046e-01f), t2, pair(-7.630264759e-02f, 1.137317624e-02f));
  const F32 p4 = fma(pair(2.526027262e-01f, -5.825681686e-01f), t2, pair(3.587646186e-01f, 8.295364678e-02f));
  const F32 p8 = fma(pair(1.887848377e-01f, 2.802309953e-02f), t2, pair(-3.980805874e-01f, 2.971408069e-01f));
  const F32 p12 = fma(broadcast(1.822698489e-02f), t2, pair(-3.461986780e-02f, -6.948733330e-02f));
  const F32 p = fma(fma(p12, t4, p8), t8, fma(p4, t4, p0));
  return max(x, broadcast(0)) - p;
}

}  // namespace
}  // namespace npuspeech
