// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/matmul_f32/matmul_f32.h"

#include <cmath>
#include <functional>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

/// One product with everything around it, and the result in double with the bound that the contract states.
struct Case {
  int rows, columns, depth;
  size_t aStride;
  bool bias = true, residual = false;
  Activation activation = Activation::None;

  void check(const std::function<void(const MatmulF32&)>& run) const {
    SCOPED_TRACE(testing::Message() << rows << " x " << columns << " x " << depth << ", stride " << aStride
                                    << (bias ? ", bias" : "") << (residual ? ", residual" : "")
                                    << (activation == Activation::Gelu ? ", gelu" : ""));
    const size_t r = static_cast<size_t>(rows), c = static_cast<size_t>(columns),
                 d = static_cast<size_t>(depth);
    const size_t outStride = c + 3;
    Guarded<float> a(r * aStride + d, 1), w(c * d), biases(c, 3), residuals(r * (c + 1), 5),
        out(r * outStride, 7);
    fillNormal(a, 1);
    fillNormal(w, 2);
    fillNormal(biases, 3);
    fillNormal(residuals, 4);
    AlignedVector<float> packed(matmulF32PackedSize(columns, depth));
    packMatmulF32(w.data(), columns, depth, packed.data());

    MatmulF32 p;
    p.a = a.data();
    p.aStride = aStride;
    p.weights = packed.data();
    p.bias = bias ? biases.data() : nullptr;
    p.residual = residual ? residuals.data() : nullptr;
    p.residualStride = c + 1;
    p.out = out.data();
    p.outStride = outStride;
    p.rows = rows;
    p.columns = columns;
    p.depth = depth;
    p.activation = activation;
    run(p);

    ASSERT_TRUE(out.intact());
    for (size_t i = 0; i < r; ++i)
      for (size_t j = 0; j < outStride; ++j) {
        if (j >= c) {
          ASSERT_TRUE(out.untouched(i * outStride + j)) << "row " << i << " column " << j;
          continue;
        }
        double sum = 0, magnitude = 0;
        for (size_t k = 0; k < d; ++k) {
          const double product = static_cast<double>(a[i * aStride + k]) * static_cast<double>(w[j * d + k]);
          sum += product;
          magnitude += std::fabs(product);
        }
        double x = sum + (bias ? static_cast<double>(biases[j]) : 0.0);
        if (activation == Activation::Gelu) x = 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
        if (residual) x += static_cast<double>(residuals[i * (c + 1) + j]);
        // Float rounding of bias, residual and result comes on top of the stated bound of the sum.
        ASSERT_NEAR(static_cast<double>(out[i * outStride + j]), x,
                    1e-5 * magnitude + 1e-6 + 3e-7 * std::fabs(x))
            << "row " << i << " column " << j;
      }
  }
};

class MatmulF32Test : public VariantTest<Variant<MatmulF32Function>> {
 protected:
  void check(const Case& c) const {
    c.check([&](const MatmulF32& p) {
      AlignedVector<float> scratch(matmulF32ScratchSize(p.rows, p.depth));
      GetParam().run(p, scratch.data());
    });
  }
};

TEST_P(MatmulF32Test, EveryCountOfRowsAndColumns) {
  for (int rows = 0; rows <= 29; ++rows)
    for (int columns : {0, 1, 7, 15, 16, 17, 31, 32, 33, 48, 49}) check({rows, columns, 37, 37});
}

TEST_P(MatmulF32Test, EveryDepth) {
  for (int depth : {0, 1, 2, 3, 7, 8, 9, 15, 17, 80, 127, 128, 129, 240, 256, 300, 2048})
    for (int rows : {1, 2, 4, 5, 14, 16}) check({rows, 33, depth, static_cast<size_t>(depth) + 1});
}

TEST_P(MatmulF32Test, OverlappingRowsOfAConvolution) {
  check({40, 35, 240, 80});
}

// Layers 1280 wide, 128 mel bins and a vocabulary of 51866: whisper-large's.
TEST_P(MatmulF32Test, WidestModel) {
  check({17, 1280, 3 * 128, 128, true, false, Activation::Gelu});
  check({3, 1280, 3 * 1280, 2 * 1280, true, true, Activation::Gelu});
  check({2, 3 * 1280, 1280, 1280});
  check({2, 5120, 1280, 1280, true, false, Activation::Gelu});
  check({2, 1280, 5120, 5120, true, true});
  check({1, 51866, 48, 48, false});
}

TEST_P(MatmulF32Test, Epilogues) {
  for (int columns : {5, 16, 37, 64}) {
    check({9, columns, 20, 20, false});
    check({9, columns, 20, 20, true, true});
    check({9, columns, 20, 20, true, false, Activation::Gelu});
    check({9, columns, 20, 20, true, true, Activation::Gelu});
  }
}

// Through a product with the unit, so that every body's own activation is what is tested.
TEST_P(MatmulF32Test, GeluIsWithinItsBoundEverywhere) {
  constexpr int kRows = 20000;
  std::vector<float> a(kRows), out(kRows);
  for (size_t i = 0; i < kRows; ++i) a[i] = (static_cast<float>(i) - kRows / 2) * 0.001f;
  a[0] = -1e30f, a[1] = -88.0f, a[2] = 100.0f;
  AlignedVector<float> one(matmulF32PackedSize(1, 1));
  const float unit = 1;
  packMatmulF32(&unit, 1, 1, one.data());
  MatmulF32 p;
  p.a = a.data();
  p.aStride = p.outStride = 1;
  p.weights = one.data();
  p.out = out.data();
  p.rows = kRows;
  p.columns = p.depth = 1;
  p.activation = Activation::Gelu;
  AlignedVector<float> scratch(matmulF32ScratchSize(kRows, 1));
  GetParam().run(p, scratch.data());
  for (size_t i = 0; i < kRows; ++i) {
    const double x = static_cast<double>(a[i]);
    ASSERT_NEAR(static_cast<double>(out[i]), 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))), 1e-6) << x;
  }
}

TEST_P(MatmulF32Test, OutMayBeTheResidual) {
  constexpr int kRows = 17, kColumns = 40, kDepth = 150;
  std::vector<float> a(kRows * kDepth), w(kColumns * kDepth), separate(kRows * kColumns),
      inPlace(kRows * kColumns);
  fillNormal(a, 1);
  fillNormal(w, 2);
  fillNormal(inPlace, 3);
  const std::vector<float> residual = inPlace;
  AlignedVector<float> packed(matmulF32PackedSize(kColumns, kDepth));
  packMatmulF32(w.data(), kColumns, kDepth, packed.data());
  AlignedVector<float> scratch(matmulF32ScratchSize(kRows, kDepth));
  MatmulF32 p;
  p.a = a.data();
  p.aStride = kDepth;
  p.weights = packed.data();
  p.residual = residual.data();
  p.out = separate.data();
  p.residualStride = p.outStride = kColumns;
  p.rows = kRows;
  p.columns = kColumns;
  p.depth = kDepth;
  GetParam().run(p, scratch.data());
  p.out = inPlace.data();
  p.residual = inPlace.data();
  GetParam().run(p, scratch.data());
  EXPECT_EQ(separate, inPlace);
}

INSTANTIATE_OVER_VARIANTS(MatmulF32Test, matmulF32Variants());

TEST(MatmulF32, SplitsOverThreads) {
  ThreadPool pool(3);
  for (int rows : {1, 3, 15, 16, 42, 43, 100})
    for (int columns : {1, 16, 700})
      Case{rows, columns, 130, 130, true, true}.check([&](const MatmulF32& p) { matmulF32(pool, p); });
  Case{200, 40, 70, 70}.check([](const MatmulF32& p) { matmulF32(p); });
}

}  // namespace
}  // namespace npuspeech
