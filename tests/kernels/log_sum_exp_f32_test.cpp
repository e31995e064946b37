// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

class LogSumExpF32Test : public VariantTest<Variant<LogSumExpF32Function>> {
 protected:
  void check(const std::vector<float>& x) const {
    Guarded<float> guarded(x.size(), 1);
    std::copy(x.begin(), x.end(), guarded.data());
    const LogSumExp result = GetParam().run(guarded.data(), static_cast<int>(x.size()));
    float max = -INFINITY;
    int argmax = 0;
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i] > max) max = x[i], argmax = static_cast<int>(i);
    EXPECT_EQ(result.max, max);
    EXPECT_EQ(result.argmax, argmax);
    double sum = 0;
    for (float v : x) sum += std::exp(static_cast<double>(v) - static_cast<double>(max));
    if (max == -INFINITY)
      EXPECT_EQ(result.logSum, -INFINITY);
    else
      EXPECT_NEAR(static_cast<double>(result.logSum), static_cast<double>(max) + std::log(sum), 1e-5);
  }
};

TEST_P(LogSumExpF32Test, EveryCount) {
  for (size_t count = 0; count <= 70; ++count) {
    std::vector<float> x(count);
    fillNormal(x, static_cast<unsigned>(count), 5);
    check(x);
  }
}
TEST_P(LogSumExpF32Test, Vocabularies) {
  for (size_t tokens : {51864, 51865, 51866}) {
    std::vector<float> x(tokens);
    fillNormal(x, 1, 4);
    check(x);
    std::fill(x.begin(), x.end(), 1.0f);
    check(x);
  }
}
TEST_P(LogSumExpF32Test, SuppressedEntriesCountForNothing) {
  std::vector<float> x(1000, -INFINITY);
  check(x);
  x[777] = -3;
  check(x);
  x[778] = -3;  // the first of equals
  check(x);
  x[0] = 60;
  check(x);
}

INSTANTIATE_OVER_VARIANTS(LogSumExpF32Test, logSumExpF32Variants());

}  // namespace
}  // namespace npuspeech
