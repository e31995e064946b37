// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/layer_norm_f32/layer_norm_f32.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

class LayerNormF32Test : public VariantTest<Variant<LayerNormF32Function>> {
 protected:
  void check(int rows, int columns, float offset, float deviation, bool inPlace) const {
    SCOPED_TRACE(testing::Message() << rows << " x " << columns << ", mean " << offset << ", deviation "
                                    << deviation);
    const size_t c = static_cast<size_t>(columns), r = static_cast<size_t>(rows), stride = c + 5;
    Guarded<float> in(r * stride, 3), gamma(c, 1), beta(c, 2), other(r * stride, 5);
    Guarded<float>& out = inPlace ? in : other;
    std::vector<float> values(r * c);
    fillNormal(values, 1, deviation);
    fillNormal(gamma, 2);
    fillNormal(beta, 3);
    for (size_t i = 0; i < r; ++i)
      for (size_t j = 0; j < c; ++j) in[i * stride + j] = values[i * c + j] += offset;
    GetParam().run({in.data(), stride, gamma.data(), beta.data(), out.data(), stride, rows, columns});
    ASSERT_TRUE(out.intact());
    for (size_t i = 0; i < r; ++i) {
      double mean = 0, variance = 0, largest = 0;
      for (size_t j = 0; j < c; ++j) mean += static_cast<double>(values[i * c + j]) / columns;
      for (size_t j = 0; j < c; ++j)
        variance += std::pow(static_cast<double>(values[i * c + j]) - mean, 2) / columns;
      std::vector<double> expected(c);
      for (size_t j = 0; j < c; ++j) {
        expected[j] = (static_cast<double>(values[i * c + j]) - mean) / std::sqrt(variance + 1e-5) *
                          static_cast<double>(gamma[j]) +
                      static_cast<double>(beta[j]);
        largest = std::max(largest, std::fabs(expected[j]));
      }
      // A row far from zero has lost bits before it comes here: float keeps 6e-8 of the mean.
      const double bound = 2e-6 * largest + 3e-7 * std::fabs(mean) / std::sqrt(variance + 1e-5) * 4;
      for (size_t j = 0; j < stride; ++j)
        if (j < c)
          ASSERT_NEAR(static_cast<double>(out[i * stride + j]), expected[j], bound) << i << ", " << j;
        else
          ASSERT_TRUE(out.untouched(i * stride + j));
    }
  }
};

TEST_P(LayerNormF32Test, EveryWidth) {
  for (int columns = 1; columns <= 67; ++columns) check(2, columns, 0.5f, 1, false);
  for (int columns : {384, 512, 768, 1024, 1280}) check(3, columns, 0.5f, 1, columns % 3 == 0);
}
TEST_P(LayerNormF32Test, NoRows) {
  check(0, 16, 0, 1, false);
}
TEST_P(LayerNormF32Test, InPlace) {
  check(4, 45, 0, 1, true);
}
TEST_P(LayerNormF32Test, TinyAndHugeValues) {
  check(2, 512, 0, 1e-4f, false);
  check(2, 512, 0, 1e6f, false);
  check(2, 512, 100, 1, false);
}
TEST_P(LayerNormF32Test, ConstantRowGivesBeta) {
  check(1, 40, 3, 0, false);
}

INSTANTIATE_OVER_VARIANTS(LayerNormF32Test, layerNormF32Variants());

}  // namespace
}  // namespace npuspeech
