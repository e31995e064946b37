// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/matmul_i8/matmul_i8.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

enum class Values { Random, Extreme };

/// One product over raw integers, checked against 64-bit sums of the unpacked operands.
struct Case {
  int rows, columns, depth;
  bool bias = true, residual = false;
  Activation activation = Activation::None;
  Values values = Values::Random;

  void check(const std::function<void(const MatmulI8&)>& run) const {
    SCOPED_TRACE(testing::Message() << rows << " x " << columns << " x " << depth << (bias ? ", bias" : "")
                                    << (residual ? ", residual" : "")
                                    << (activation == Activation::Gelu ? ", gelu" : ""));
    const size_t r = static_cast<size_t>(rows), c = static_cast<size_t>(columns),
                 d = static_cast<size_t>(depth);
    const size_t aStride = (d + 3) / 4 * 4 + 4, outStride = c + 3;
    Guarded<uint8_t> a(r * aStride, 1);
    std::vector<int8_t> w(c * d);
    std::vector<RowScale> rowScales(r);
    Guarded<float> scales(c), biases(c, 3), residuals(r * (c + 1), 5), out(r * outStride, 7);
    std::mt19937 random(1);
    const bool extreme = values == Values::Extreme;
    for (size_t i = 0; i < a.size(); ++i) a[i] = extreme ? 255 : static_cast<uint8_t>(random());
    for (int8_t& x : w) x = extreme ? (random() % 2 ? 127 : -127) : static_cast<int8_t>(random() % 255 - 127);
    if (extreme) std::fill_n(w.begin(), std::min(d, w.size()), int8_t{-127});
    for (RowScale& s : rowScales) s = {0.01f, static_cast<int32_t>(random() % 256)};
    if (extreme)
      for (RowScale& s : rowScales) s.zeroPoint = 0;
    fillNormal(scales, 2, extreme ? 1.0f : 0.01f);
    fillNormal(biases, 3);
    fillNormal(residuals, 4);
    AlignedVector<unsigned char> packed(matmulI8PackedSize(columns, depth));
    packMatmulI8(w.data(), scales.data(), columns, depth, packed.data());

    MatmulI8 p;
    p.a = a.data();
    p.aStride = aStride;
    p.rowScales = rowScales.data();
    p.weights = matmulI8Weights(packed.data(), columns, depth);
    p.bias = bias ? biases.data() : nullptr;
    p.residual = residual ? residuals.data() : nullptr;
    p.residualStride = c + 1;
    p.out = out.data();
    p.outStride = outStride;
    p.rows = rows;
    p.activation = activation;
    run(p);

    ASSERT_TRUE(out.intact());
    for (size_t i = 0; i < r; ++i)
      for (size_t j = 0; j < outStride; ++j) {
        if (j >= c) {
          ASSERT_TRUE(out.untouched(i * outStride + j)) << "row " << i << " column " << j;
          continue;
        }
        int64_t sum = 0;
        for (size_t k = 0; k < d; ++k) sum += (a[i * aStride + k] - rowScales[i].zeroPoint) * w[j * d + k];
        const double product = static_cast<double>(sum) * static_cast<double>(rowScales[i].scale) *
                               static_cast<double>(scales[j]);
        const double b = bias ? static_cast<double>(biases[j]) : 0.0;
        const double add = residual ? static_cast<double>(residuals[i * (c + 1) + j]) : 0.0;
        double x = product + b, bound = 4e-7 * (std::fabs(product) + std::fabs(b) + std::fabs(add));
        if (activation == Activation::Gelu)
          x = 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))), bound += kGeluBound;
        ASSERT_NEAR(static_cast<double>(out[i * outStride + j]), x + add, bound)
            << "row " << i << " column " << j;
      }
  }
  static constexpr double kGeluBound = 1e-6;
};

class MatmulI8Test : public VariantTest<Variant<MatmulI8Function>> {
 protected:
  void check(const Case& c) const {
    c.check([&](const MatmulI8& p) {
      // What an earlier product left there must not count.
      AlignedVector<unsigned char> scratch(matmulI8ScratchSize(p.rows, p.weights.depth));
      std::fill(scratch.begin(), scratch.end(), static_cast<unsigned char>(0xa5));
      GetParam().run(p, scratch.data());
    });
  }
};

TEST_P(MatmulI8Test, EveryCountOfRowsAndColumns) {
  for (int rows = 0; rows <= 29; ++rows)
    for (int columns : {0, 1, 7, 15, 16, 17, 31, 32, 33, 48, 49})
      for (int depth : {20, 37}) check({rows, columns, depth});
}
TEST_P(MatmulI8Test, EveryDepth) {
  for (int depth : {1, 2, 3, 4, 5, 7, 8, 9, 12, 31, 32, 33, 240, 508, 511, 512, 513, 1030, 1500, 2048, 5120})
    for (int rows : {1, 2, 3, 4, 5, 7, 13, 14, 16}) check({rows, 33, depth});
}
// Layers 1280 wide and a vocabulary of 51866: whisper-large's.
TEST_P(MatmulI8Test, WidestModel) {
  check({2, 3 * 1280, 1280});
  check({2, 5120, 1280, true, false, Activation::Gelu});
  check({2, 1280, 5120, true, true});
  check({2, 1280, 3 * 1280, true, true, Activation::Gelu});
  check({1, 51866, 48, false});
}
TEST_P(MatmulI8Test, Epilogues) {
  for (int columns : {5, 16, 37, 64}) {
    check({9, columns, 20, false});
    check({9, columns, 20, true, true});
    check({9, columns, 20, true, false, Activation::Gelu});
    check({9, columns, 20, true, true, Activation::Gelu});
  }
}
TEST_P(MatmulI8Test, LargestValuesNeitherSaturateNorOverflow) {
  for (int depth : {4, 64, 512, 16384})
    check({3, 20, depth, false, false, Activation::None, Values::Extreme});
}

INSTANTIATE_OVER_VARIANTS(MatmulI8Test, matmulI8Variants());

TEST(MatmulI8, SplitsOverThreads) {
  ThreadPool pool(3);
  for (int rows : {1, 3, 15, 16, 28, 43, 100})
    for (int columns : {1, 16, 700})
      Case{rows, columns, 130, true, true}.check([&](const MatmulI8& p) { matmulI8(pool, p); });
  for (int rows : {1, 30})
    Case{rows, 1280, 1280, true, true}.check([&](const MatmulI8& p) { matmulI8(pool, p); });
  Case{100, 40, 70}.check([](const MatmulI8& p) { matmulI8(p); });
}

TEST(MatmulI8, QuantisedResultIsThatOfQuantizeRows) {
  ThreadPool pool(2);
  for (int rows : {1, 2, 7, 8, 30, 100})
    for (int columns : {30, 64, 2048, 5120}) {
      const int depth = 64;
      const size_t r = static_cast<size_t>(rows), c = static_cast<size_t>(columns), stride = (c + 3) / 4 * 4;
      std::vector<float> a(r * depth), w(c * depth), bias(c), sums(r * c);
      fillNormal(a, 1);
      fillNormal(w, 2);
      fillNormal(bias, 3);
      std::vector<uint8_t> values(r * depth), expected(r * stride), out(r * stride);
      std::vector<RowScale> scales(r), expectedScales(r), outScales(r);
      quantizeRows({a.data(), depth, nullptr, nullptr, values.data(), depth, scales.data(), rows, depth});
      AlignedVector<unsigned char> packed(matmulI8PackedSize(columns, depth));
      packMatmulI8(w.data(), columns, depth, packed.data());
      MatmulI8 p;
      p.a = values.data();
      p.aStride = depth;
      p.rowScales = scales.data();
      p.weights = matmulI8Weights(packed.data(), columns, depth);
      p.bias = bias.data();
      p.outStride = c;
      p.rows = rows;
      p.activation = Activation::Gelu;
      matmulI8(pool, p, {out.data(), stride, outScales.data()});
      p.out = sums.data();
      matmulI8(pool, p);
      quantizeRows(
          {sums.data(), c, nullptr, nullptr, expected.data(), stride, expectedScales.data(), rows, columns});
      EXPECT_EQ(out, expected) << rows << " x " << columns;
      for (size_t i = 0; i < r; ++i) EXPECT_EQ(outScales[i].scale, expectedScales[i].scale);
    }
}

// Independent of the kernel's own integers: what is lost by 8 bits on both sides.
TEST(MatmulI8, StaysCloseToFloat) {
  constexpr int kRows = 20, kColumns = 48, kDepth = 512;
  std::vector<float> a(kRows * kDepth), w(kColumns * kDepth), out(kRows * kColumns);
  fillNormal(a, 1);
  fillNormal(w, 2, 0.05f);
  std::vector<uint8_t> values(kRows * kDepth);
  std::vector<RowScale> scales(kRows);
  quantizeRows({a.data(), kDepth, nullptr, nullptr, values.data(), kDepth, scales.data(), kRows, kDepth});
  AlignedVector<unsigned char> packed(matmulI8PackedSize(kColumns, kDepth));
  packMatmulI8(w.data(), kColumns, kDepth, packed.data());
  MatmulI8 p;
  p.a = values.data();
  p.aStride = kDepth;
  p.rowScales = scales.data();
  p.weights = matmulI8Weights(packed.data(), kColumns, kDepth);
  p.out = out.data();
  p.outStride = kColumns;
  p.rows = kRows;
  matmulI8(p);
  double error = 0, norm = 0;
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kColumns; ++j) {
      double x = 0;
      for (size_t k = 0; k < kDepth; ++k)
        x += static_cast<double>(a[i * kDepth + k]) * static_cast<double>(w[j * kDepth + k]);
      error += std::pow(static_cast<double>(out[i * kColumns + j]) - x, 2);
      norm += x * x;
    }
  EXPECT_LT(std::sqrt(error / norm), 0.015);
  EXPECT_GT(std::sqrt(error / norm), 0.001) << "too good for 8 bits: was it computed in float?";
}

}  // namespace
}  // namespace npuspeech
