// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/quantize_rows/quantize_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "kernels/layer_norm_f32/layer_norm_f32.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

/// Quantises `values` with `run` and checks each value against the definition, within `slack` steps.
void checkRows(const std::vector<float>& values, size_t rows, size_t columns, int slack, const float* gamma,
               const float* beta, const std::vector<float>& expected,
               const std::function<void(const QuantizeRows&)>& run) {
  const size_t inStride = columns + 3, padded = (columns + 3) / 4 * 4, outStride = padded + 5;
  Guarded<float> in(rows * inStride, 1);
  Guarded<uint8_t> out(rows * outStride, 3);
  Guarded<RowScale> scales(rows);
  for (size_t r = 0; r < rows; ++r) std::copy_n(&values[r * columns], columns, &in[r * inStride]);
  run({in.data(), inStride, gamma, beta, out.data(), outStride, scales.data(), static_cast<int>(rows),
       static_cast<int>(columns)});
  ASSERT_TRUE(out.intact());
  ASSERT_TRUE(scales.intact());
  for (size_t r = 0; r < rows; ++r) {
    const RowScale row = scales[r];
    float low = 0, high = 0;
    for (size_t c = 0; c < columns; ++c) {
      low = std::min(low, expected[r * columns + c]);
      high = std::max(high, expected[r * columns + c]);
    }
    ASSERT_NEAR(row.scale, (high - low) / 255, 1e-5f * row.scale);
    ASSERT_GE(row.zeroPoint, 0);
    ASSERT_LE(row.zeroPoint, 255);
    for (size_t c = 0; c < outStride; ++c) {
      const size_t at = r * outStride + c;
      if (c >= padded) {
        ASSERT_TRUE(out.untouched(at));
      } else if (c >= columns) {
        ASSERT_EQ(out[at], 0);
      } else {
        // Half a step for the value, half a step for the rounded zero where that makes it clamp, and a little
        // for the division.
        const double back = static_cast<double>(row.scale) * (out[at] - row.zeroPoint);
        ASSERT_NEAR(back, static_cast<double>(expected[r * columns + c]),
                    static_cast<double>(row.scale) * (1.002 + slack))
            << "row " << r << " column " << c;
        if (expected[r * columns + c] == 0 && slack == 0) {
          ASSERT_EQ(out[at], row.zeroPoint);
        }
      }
    }
  }
}

class QuantizeRowsTest : public VariantTest<Variant<QuantizeRowsFunction>> {
 protected:
  static std::vector<uint8_t> bytesOf(QuantizeRowsFunction* run, std::vector<float> in, int columns,
                                      std::vector<RowScale>& scales) {
    const size_t width = static_cast<size_t>(columns), rows = in.size() / width;
    std::vector<uint8_t> out(rows * (width + 4));
    scales.resize(rows);
    AlignedVector<float> scratch(width);
    run({in.data(), width, nullptr, nullptr, out.data(), width + 4, scales.data(), static_cast<int>(rows),
         columns},
        scratch.data());
    return out;
  }
};

TEST_P(QuantizeRowsTest, EveryWidthMeetsTheDefinition) {
  for (size_t columns = 1; columns <= 70; ++columns) {
    std::vector<float> values(2 * columns);
    fillNormal(values, static_cast<unsigned>(columns));
    checkRows(values, 2, columns, 0, nullptr, nullptr, values,
              [&](const QuantizeRows& p) { GetParam().run(p, nullptr); });
  }
}

TEST_P(QuantizeRowsTest, IsBitExact) {
  for (int columns : {1, 5, 64, 333, 1280, 2048, 5120}) {
    std::vector<float> values(8 * static_cast<size_t>(columns));
    fillNormal(values, 7, 3);
    for (size_t i = 0; i < static_cast<size_t>(columns); ++i) values[i] = std::fabs(values[i]);  // one-sided
    for (size_t i = 0; i < static_cast<size_t>(columns); ++i)
      values[static_cast<size_t>(columns) + i] *= 1e-20f;
    std::vector<RowScale> scales, expected;
    EXPECT_EQ(bytesOf(GetParam().run, values, columns, scales),
              bytesOf(quantizeRowsVariants().back().run, values, columns, expected));
    for (size_t r = 0; r < scales.size(); ++r) {
      EXPECT_EQ(scales[r].scale, expected[r].scale);
      EXPECT_EQ(scales[r].zeroPoint, expected[r].zeroPoint);
    }
  }
}

TEST_P(QuantizeRowsTest, EmptyRowsHaveNoScale) {
  std::vector<RowScale> scales;
  for (float tiny : {0.0f, -0.0f, 1e-31f, -1e-38f}) {
    const std::vector<uint8_t> out = bytesOf(GetParam().run, std::vector<float>(20, tiny), 20, scales);
    EXPECT_EQ(scales[0].scale, 0);
    for (size_t i = 0; i < 20; ++i) EXPECT_EQ(out[i], scales[0].zeroPoint);
  }
}

TEST_P(QuantizeRowsTest, NormalisesFirst) {
  for (size_t columns : {3u, 16u, 50u, 512u, 1280u}) {
    std::vector<float> values(3 * columns), gamma(columns), beta(columns), normal(3 * columns);
    fillNormal(values, 1, 5);
    fillNormal(gamma, 2);
    fillNormal(beta, 3);
    layerNormF32Variants().back().run({values.data(), columns, gamma.data(), beta.data(), normal.data(),
                                       columns, 3, static_cast<int>(columns)});
    AlignedVector<float> scratch(columns);
    checkRows(values, 3, columns, 1, gamma.data(), beta.data(), normal,
              [&](const QuantizeRows& p) { GetParam().run(p, scratch.data()); });
  }
}

INSTANTIATE_OVER_VARIANTS(QuantizeRowsTest, quantizeRowsVariants());

TEST(QuantizeRows, SplitsOverThreads) {
  ThreadPool pool(3);
  std::vector<float> values(300 * 512);
  fillNormal(values, 1);
  checkRows(values, 300, 512, 0, nullptr, nullptr, values,
            [&](const QuantizeRows& p) { quantizeRows(pool, p); });
}

}  // namespace
}  // namespace npuspeech
