// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/attention_f32/attention_f32.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/thread_pool.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

struct Case {
  int heads, headDim, queries, keys;
  bool bias = true;
  float deviation = 2;

  void check(const std::function<void(const AttentionF32&)>& run) const {
    SCOPED_TRACE(testing::Message() << heads << " heads of " << headDim << ", " << queries << " queries, "
                                    << keys << " keys" << (bias ? ", bias" : ""));
    const size_t width = static_cast<size_t>(heads * headDim), rows = static_cast<size_t>(queries);
    const size_t n = static_cast<size_t>(keys), dim = static_cast<size_t>(headDim);
    const size_t qStride = width + 1, kStride = width + 3, vStride = width + 5, outStride = width + 7;
    Guarded<float> q(rows * qStride, 1), k(n * kStride, 3), v(n * vStride, 5), keyBias(n, 1),
        out(rows * outStride, 7);
    fillNormal(q, 1, deviation);
    fillNormal(k, 2);
    fillNormal(v, 3);
    fillNormal(keyBias, 4);
    AttentionF32 p;
    p.q = q.data();
    p.k = k.data();
    p.v = v.data();
    p.qStride = qStride;
    p.kStride = kStride;
    p.vStride = vStride;
    p.outStride = outStride;
    p.keyBias = bias ? keyBias.data() : nullptr;
    p.out = out.data();
    p.scale = 1 / std::sqrt(static_cast<float>(headDim));
    p.heads = heads;
    p.headDim = headDim;
    p.queries = queries;
    p.keys = keys;
    run(p);
    ASSERT_TRUE(out.intact());

    double largest = 0;
    for (size_t i = 0; i < n * vStride; ++i)
      largest = std::max(largest, std::fabs(static_cast<double>(v[i])));
    std::vector<double> weights(n);
    for (size_t i = 0; i < rows; ++i) {
      for (size_t first = 0; first < width; first += dim) {
        double total = 0;
        for (size_t j = 0; j < n; ++j) {
          double dot = 0;
          for (size_t d = first; d < first + dim; ++d)
            dot += static_cast<double>(q[i * qStride + d]) * static_cast<double>(k[j * kStride + d]);
          weights[j] =
              std::exp(dot * static_cast<double>(p.scale) + (bias ? static_cast<double>(keyBias[j]) : 0.0));
          total += weights[j];
        }
        for (size_t d = first; d < first + dim; ++d) {
          double sum = 0;
          for (size_t j = 0; j < n; ++j) sum += weights[j] / total * static_cast<double>(v[j * vStride + d]);
          ASSERT_NEAR(static_cast<double>(out[i * outStride + d]), sum, 1e-5 * largest)
              << "query " << i << " column " << d;
        }
      }
      for (size_t d = width; d < outStride; ++d) ASSERT_TRUE(out.untouched(i * outStride + d));
    }
  }
};

class AttentionF32Test : public VariantTest<AttentionF32Variant> {
 protected:
  void check(const Case& c) const {
    const AttentionF32Kernel& kernel = GetParam().kernel;
    c.check([&](const AttentionF32& p) {
      AlignedVector<float> packed(kernel.packedSize(p.keys, p.headDim)), scratch(attentionF32ScratchSize(p));
      for (int head = 0; head < p.heads; ++head) {
        kernel.pack(p, head, packed.data());
        // In two parts, as threads do it.
        const int half = p.queries / 2;
        kernel.run(p, head, 0, half, packed.data(), scratch.data());
        kernel.run(p, head, half, p.queries - half, packed.data(), scratch.data());
      }
    });
  }
};

TEST_P(AttentionF32Test, EveryCountOfQueries) {
  for (int queries = 0; queries <= 30; ++queries) check({1, 16, queries, 19});
}
TEST_P(AttentionF32Test, EveryCountOfKeys) {
  for (int keys = 1; keys <= 67; ++keys) check({2, 32, 5, keys, keys % 2 == 0});
  for (int keys : {127, 128, 129, 255, 256, 300}) check({1, 64, 15, keys});
}
TEST_P(AttentionF32Test, EveryHeadSize) {
  for (int dim = 16; dim <= 128; dim += 16) check({2, dim, 9, 40});
}
TEST_P(AttentionF32Test, WholeWindow) {
  check({1, 64, 30, 1500});
}
TEST_P(AttentionF32Test, HeadsOfTheWidestModel) {
  check({20, 64, 15, 300});
}
TEST_P(AttentionF32Test, LargeScores) {
  check({1, 64, 16, 200, false, 100});
}

INSTANTIATE_OVER_VARIANTS(AttentionF32Test, attentionF32Variants());

TEST(AttentionF32, SplitsOverThreads) {
  ThreadPool pool(3);
  AttentionF32Scratch scratch;
  for (int queries : {200, 3, 100})
    Case{3, 32, queries, 50}.check([&](const AttentionF32& p) { attentionF32(pool, p, scratch); });
}

}  // namespace
}  // namespace npuspeech
