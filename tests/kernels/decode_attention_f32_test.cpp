// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/decode_attention_f32/decode_attention_f32.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

class DecodeAttentionF32Test : public VariantTest<Variant<DecodeAttentionF32Function>> {
 protected:
  void check(int keys, int headDim, bool bias, float scoreDeviation = 2) const {
    SCOPED_TRACE(testing::Message() << keys << " keys, " << headDim << " columns" << (bias ? ", bias" : ""));
    const size_t n = static_cast<size_t>(keys), dim = static_cast<size_t>(headDim), kStride = dim + 3,
                 vStride = dim + 7;
    Guarded<float> q(dim, 1), k(n * kStride, 3), v(n * vStride, 5), keyBias(n, 1), weights(n, 3), out(dim, 7);
    fillNormal(q, 1, scoreDeviation);
    fillNormal(k, 2);
    fillNormal(v, 3);
    fillNormal(keyBias, 4);
    if (bias && keys > 2) keyBias[1] = -INFINITY;
    DecodeAttentionF32 p;
    p.q = q.data();
    p.k = k.data();
    p.v = v.data();
    p.kStride = kStride;
    p.vStride = vStride;
    p.keyBias = bias ? keyBias.data() : nullptr;
    p.weights = weights.data();
    p.out = out.data();
    p.scale = 1 / std::sqrt(static_cast<float>(headDim));
    p.headDim = headDim;
    p.keys = keys;
    GetParam().run(p);
    ASSERT_TRUE(out.intact());
    ASSERT_TRUE(weights.intact());

    std::vector<double> expected(n);
    double total = 0, largest = 0;
    for (size_t j = 0; j < n; ++j) {
      double dot = 0;
      for (size_t d = 0; d < dim; ++d)
        dot += static_cast<double>(q[d]) * static_cast<double>(k[j * kStride + d]);
      expected[j] =
          std::exp(dot * static_cast<double>(p.scale) + (bias ? static_cast<double>(keyBias[j]) : 0.0));
      total += expected[j];
      for (size_t d = 0; d < dim; ++d)
        largest = std::max(largest, std::fabs(static_cast<double>(v[j * vStride + d])));
    }
    for (size_t j = 0; j < n; ++j)
      ASSERT_NEAR(static_cast<double>(weights[j]), expected[j] / total, 1e-5) << j;
    for (size_t d = 0; d < dim; ++d) {
      double sum = 0;
      for (size_t j = 0; j < n; ++j) sum += expected[j] / total * static_cast<double>(v[j * vStride + d]);
      ASSERT_NEAR(static_cast<double>(out[d]), sum, 1e-5 * largest) << d;
    }
  }
};

TEST_P(DecodeAttentionF32Test, EveryCountOfKeys) {
  for (int keys = 1; keys <= 35; ++keys) check(keys, 64, keys % 2);
}
TEST_P(DecodeAttentionF32Test, EveryHeadSize) {
  for (int dim = 16; dim <= 128; dim += 16) check(21, dim, true);
}
TEST_P(DecodeAttentionF32Test, WholeWindow) {
  check(1500, 64, true);
}
TEST_P(DecodeAttentionF32Test, LargeScores) {
  check(1500, 64, false, 100);
}

INSTANTIATE_OVER_VARIANTS(DecodeAttentionF32Test, decodeAttentionF32Variants());

}  // namespace
}  // namespace npuspeech
