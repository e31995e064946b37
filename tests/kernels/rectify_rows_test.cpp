// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/rectify_rows/rectify_rows.h"

#include <algorithm>
#include <cmath>

#include "base/aligned.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

/// A computation of rows between watched borders, and what must come out.
struct Case {
  size_t rows, columns, inStride, outStride, valuesStride;
  std::vector<float> factors, offsets;
  Guarded<float> in, out;
  Guarded<uint8_t> values;
  Guarded<RowScale> scales;

  Case(size_t rowCount, size_t columnCount, bool isScaled, unsigned seed)
      : rows(rowCount),
        columns(columnCount),
        inStride(columns + 3),
        outStride(columns + 2),
        valuesStride((columns + 3) / 4 * 4 + 5),
        factors(isScaled ? columns : 0),
        offsets(isScaled ? columns : 0),
        in(rows * inStride, 1),
        out(rows * outStride, 1),
        values(rows * valuesStride, 3),
        scales(rows) {
    std::vector<float> normal(rows * inStride);
    fillNormal(normal, seed, 3);
    std::copy(normal.begin(), normal.end(), in.data());
    fillNormal(factors, seed + 1);
    fillNormal(offsets, seed + 2);
  }

  RectifyRows operands(bool wantsFloats, bool wantsBytes) {
    return {.in = in.data(),
            .inStride = inStride,
            .factors = factors.empty() ? nullptr : factors.data(),
            .offsets = factors.empty() ? nullptr : offsets.data(),
            .out = wantsFloats ? out.data() : nullptr,
            .outStride = outStride,
            .values = wantsBytes ? values.data() : nullptr,
            .valuesStride = valuesStride,
            .scales = wantsBytes ? scales.data() : nullptr,
            .rows = static_cast<int>(rows),
            .columns = static_cast<int>(columns)};
  }

  float expected(size_t row, size_t column) {
    if (factors.empty()) return std::max(0.0f, in[row * inStride + column]);
    return std::max(0.0f, std::fma(in[row * inStride + column], factors[column], offsets[column]));
  }

  void checkFloats() {
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < outStride; ++c) {
        if (c >= columns) {
          ASSERT_TRUE(out.untouched(r * outStride + c));
        } else {
          ASSERT_EQ(out[r * outStride + c], expected(r, c)) << "row " << r << " column " << c;
        }
      }
  }
  void checkBytes() {
    for (size_t r = 0; r < rows; ++r) {
      float high = 0;
      for (size_t c = 0; c < columns; ++c) high = std::max(high, expected(r, c));
      ASSERT_EQ(scales[r].scale, high / 255.0f);
      ASSERT_EQ(scales[r].zeroPoint, 0);
      for (size_t c = 0; c < valuesStride; ++c) {
        const size_t at = r * valuesStride + c;
        if (c >= (columns + 3) / 4 * 4) {
          ASSERT_TRUE(values.untouched(at));
        } else if (c >= columns) {
          ASSERT_EQ(values[at], 0);
        } else {
          const float inverse = high >= 1e-30f ? 255.0f / high : 0.0f;
          ASSERT_EQ(values[at], std::min(255.0f, std::nearbyint(expected(r, c) * inverse)));
        }
      }
    }
  }
};

class RectifyRowsTest : public VariantTest<Variant<RectifyRowsFunction>> {
 protected:
  void run(const RectifyRows& rows) {
    AlignedVector<float> scratch(static_cast<size_t>(rows.columns));
    GetParam().run(rows, scratch.data());
  }
};

TEST_P(RectifyRowsTest, EveryWidthMeetsTheDefinition) {
  for (size_t columns = 1; columns <= 70; ++columns)
    for (const bool isScaled : {false, true}) {
      const unsigned seed = static_cast<unsigned>(columns);
      Case both(2, columns, isScaled, seed), floats(2, columns, isScaled, seed),
          bytes(2, columns, isScaled, seed);
      run(both.operands(true, true));
      run(floats.operands(true, false));
      run(bytes.operands(false, true));
      for (Case* c : {&both, &floats, &bytes})
        ASSERT_TRUE(c->out.intact() && c->values.intact() && c->scales.intact());
      both.checkFloats();
      both.checkBytes();
      floats.checkFloats();
      bytes.checkBytes();
    }
}

TEST_P(RectifyRowsTest, WideRowsInPlace) {
  for (const size_t columns : {1024u, 1600u, 2560u}) {
    Case c(3, columns, true, 5);
    std::vector<float> expected;
    for (size_t r = 0; r < c.rows; ++r)
      for (size_t i = 0; i < columns; ++i) expected.push_back(c.expected(r, i));
    RectifyRows rows = c.operands(true, true);
    rows.out = c.in.data();
    rows.outStride = c.inStride;
    run(rows);
    for (size_t r = 0; r < c.rows; ++r)
      for (size_t i = 0; i < columns; ++i) ASSERT_EQ(c.in[r * c.inStride + i], expected[r * columns + i]);
  }
}

TEST_P(RectifyRowsTest, NothingAboveZeroHasNoScale) {
  for (const float value : {0.0f, -0.0f, -3.0f, 1e-31f}) {
    Case c(1, 21, false, 1);
    std::fill_n(c.in.data(), 21, value);
    run(c.operands(true, true));
    EXPECT_EQ(c.scales[0].scale, 0);
    for (size_t i = 0; i < 21; ++i) {
      EXPECT_EQ(c.values[i], 0);
      EXPECT_EQ(c.out[i], std::max(value, 0.0f));
    }
  }
}

TEST_P(RectifyRowsTest, NoRowsTouchNothing) {
  Case c(0, 40, true, 1);
  run(c.operands(true, true));
  EXPECT_TRUE(c.out.intact() && c.values.intact() && c.scales.intact());
}

INSTANTIATE_OVER_VARIANTS(RectifyRowsTest, rectifyRowsVariants());

}  // namespace
}  // namespace npuspeech
