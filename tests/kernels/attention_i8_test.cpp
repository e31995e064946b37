// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/attention_i8/attention_i8.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "base/thread_pool.h"
#include "kernels/decode_attention_i8/decode_attention_i8.h"
#include "tests/kernels/variants.h"

namespace npuspeech {
namespace {

/// Operands of one problem; `deviation` is that of the queries: 2 gives the flat heads of a model, 20 the
/// sharp ones.
struct Problem {
  size_t width, rows, keys;
  Guarded<float> q, k, v, keyBias, out;
  AttentionF32 p;

  Problem(int heads, int headDim, int queries, int keyCount, bool bias, float deviation = 2)
      : width(static_cast<size_t>(heads * headDim)),
        rows(static_cast<size_t>(queries)),
        keys(static_cast<size_t>(keyCount)),
        q(rows * (width + 1), 1),
        k(keys * (width + 3), 3),
        v(keys * (width + 5), 5),
        keyBias(keys, 1),
        out(rows * (width + 7), 7) {
    fillNormal(q, 1, deviation);
    fillNormal(k, 2);
    fillNormal(v, 3);
    fillNormal(keyBias, 4);
    if (bias && keys > 2) keyBias[0] = keyBias[keys - 1] = -INFINITY;
    p.q = q.data();
    p.k = k.data();
    p.v = v.data();
    p.qStride = width + 1;
    p.kStride = width + 3;
    p.vStride = width + 5;
    p.outStride = width + 7;
    p.keyBias = bias ? keyBias.data() : nullptr;
    p.out = out.data();
    p.scale = 1 / std::sqrt(static_cast<float>(headDim));
    p.heads = heads;
    p.headDim = headDim;
    p.queries = queries;
    p.keys = keyCount;
  }
  Problem(const Problem&) = delete;  // p points into the members
  /// Makes each value the mean of those of `keyCount` keys from its own on.
  void smoothValues(size_t keyCount) {
    for (size_t j = 0; j < keys; ++j)
      for (size_t c = 0; c < width; ++c) {
        const size_t end = std::min(keys, j + keyCount);
        float sum = 0;
        for (size_t i = j; i < end; ++i) sum += v[i * p.vStride + c];
        v[j * p.vStride + c] = sum / static_cast<float>(end - j);
      }
  }
  size_t packedSize() const { return attentionI8PackedSize(p.keys, p.headDim); }

  /// The result of `kernel` over all heads, gaps removed.
  std::vector<float> run(const AttentionI8Kernel& kernel) {
    AlignedVector<unsigned char> packed(packedSize());
    for (int head = 0; head < p.heads; ++head) {
      kernel.pack(p, head, packed.data());
      const int half = p.queries / 2;  // in two parts, as threads do it
      kernel.run(p, head, 0, half, packed.data());
      kernel.run(p, head, half, p.queries - half, packed.data());
    }
    return result();
  }
  std::vector<float> result() {
    EXPECT_TRUE(out.intact());
    std::vector<float> values;
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < p.outStride; ++c)
        if (c < width)
          values.push_back(out[r * p.outStride + c]);
        else
          EXPECT_TRUE(out.untouched(r * p.outStride + c));
    return values;
  }
  float largestValue() {
    float largest = 0;
    for (size_t i = 0; i < v.size(); ++i) largest = std::max(largest, std::fabs(v[i]));
    return largest;
  }
};

const AttentionI8Kernel& scalar() {
  return attentionI8Variants().back().kernel;
}

/// A body's exp() may differ from the scalar one's in its last bits, and round a single weight otherwise: one
/// of at least 125, the sum of all.
constexpr float kOneWeight = 2.0f / 125;
/// The norm of all differences over that of the result: such weights are rare.
constexpr double kMostWeights = 4e-3;

double relativeError(const std::vector<float>& values, const std::vector<float>& expected) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - static_cast<double>(expected[i]), 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(error / norm);
}

void expectClose(const std::vector<float>& values, const std::vector<float>& expected, float largestValue) {
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(values[i], expected[i], kOneWeight * largestValue) << i;
  if (values.empty()) return;
  EXPECT_LT(relativeError(values, expected), kMostWeights);
}

class AttentionI8Test : public VariantTest<AttentionI8Variant> {
 protected:
  void check(Problem&& problem) const {
    SCOPED_TRACE(testing::Message() << problem.p.heads << " heads of " << problem.p.headDim << ", "
                                    << problem.rows << " queries, " << problem.keys << " keys");
    const std::vector<float> values = problem.run(GetParam().kernel), expected = problem.run(scalar());
    expectClose(values, expected, problem.largestValue());
  }
};

TEST_P(AttentionI8Test, PacksExactly) {
  for (int dim : {16, 48, 64, 128})
    for (int keys : {1, 2, 31, 32, 33, 255, 256, 257, 300}) {
      Problem problem(2, dim, 0, keys, false);
      Guarded<unsigned char> packed(problem.packedSize()), expected(problem.packedSize());
      GetParam().kernel.pack(problem.p, 1, packed.data());
      scalar().pack(problem.p, 1, expected.data());
      ASSERT_TRUE(packed.intact());
      ASSERT_EQ(std::memcmp(packed.data(), expected.data(), packed.size()), 0)
          << dim << " columns, " << keys << " keys";
    }
}
TEST_P(AttentionI8Test, EveryCountOfQueries) {
  for (int queries = 0; queries <= 30; ++queries) check({1, 16, queries, 19, true});
}
TEST_P(AttentionI8Test, EveryCountOfKeys) {
  for (int keys = 1; keys <= 67; ++keys) check({2, 32, 5, keys, keys % 2 == 0});
  for (int keys : {255, 256, 257, 511, 512, 513, 600}) check({1, 64, 15, keys, true});
}
TEST_P(AttentionI8Test, EveryHeadSize) {
  for (int dim = 16; dim <= 128; dim += 16) check({2, dim, 9, 40, true});
}
TEST_P(AttentionI8Test, HeadsOfTheWidestModel) {
  check({20, 64, 3, 67, true});
}
TEST_P(AttentionI8Test, LargeScores) {
  check({1, 64, 16, 600, false, 100});
}
TEST_P(AttentionI8Test, KeysThatCountForNothing) {
  Problem problem(1, 64, 5, 700, true);
  for (size_t j = 0; j < 300; ++j) problem.keyBias[j] = -INFINITY;  // the first block and more
  check(std::move(problem));
}
TEST_P(AttentionI8Test, StaysCloseToFloat) {
  // Values of speech change slowly from key to key. Where they are independent of each other the rounding of
  // weights costs most.
  for (bool areAlike : {true, false})
    for (float deviation : {0.5f, 2.0f, 6.0f}) {
      SCOPED_TRACE(testing::Message() << deviation << (areAlike ? ", values alike" : ""));
      Problem problem(1, 64, 15, 1500, true, deviation);
      if (areAlike) problem.smoothValues(8);
      const std::vector<float> values = problem.run(GetParam().kernel);
      const AttentionF32Kernel& exact = attentionF32Variants().back().kernel;
      AlignedVector<float> scratch(attentionF32ScratchSize(problem.p));
      exact.run(problem.p, 0, 0, 15, nullptr, scratch.data());
      const double error = relativeError(values, problem.result());
      EXPECT_LT(error, areAlike ? 0.025 : 0.04);
      EXPECT_GT(error, 0.001) << "too good for 8 bits: was it computed in float?";
    }
}

INSTANTIATE_OVER_VARIANTS(AttentionI8Test, attentionI8Variants());

TEST(AttentionI8, SplitsOverThreads) {
  ThreadPool pool(3);
  AttentionI8Scratch scratch;
  for (int queries : {200, 3, 100}) {
    Problem problem(3, 32, queries, 50, true);
    attentionI8(pool, problem.p, scratch);
    const std::vector<float> values = problem.result(), expected = problem.run(scalar());
    expectClose(values, expected, problem.largestValue());
  }
}

class DecodeAttentionI8Test : public VariantTest<Variant<DecodeAttentionI8Function>> {
 protected:
  void check(int keys, int headDim, bool bias) const {
    SCOPED_TRACE(testing::Message() << keys << " keys, " << headDim << " columns" << (bias ? ", bias" : ""));
    const size_t n = static_cast<size_t>(keys), dim = static_cast<size_t>(headDim);
    Problem problem(1, headDim, 1, keys, bias);
    AlignedVector<unsigned char> packed(problem.packedSize());
    packAttentionI8(problem.p, 0, packed.data());
    Guarded<float> weights(n, 3), out(dim, 5);
    std::vector<float> expectedWeights(n), expected(dim);
    DecodeAttentionI8 d;
    d.q = problem.q.data();
    d.packed = packed.data();
    d.keyBias = problem.p.keyBias;
    d.scale = problem.p.scale;
    d.headDim = headDim;
    d.keys = keys;
    d.weights = weights.data();
    d.out = out.data();
    GetParam().run(d);
    ASSERT_TRUE(weights.intact());
    ASSERT_TRUE(out.intact());
    d.weights = expectedWeights.data();
    d.out = expected.data();
    decodeAttentionI8Variants().back().run(d);
    for (size_t j = 0; j < n; ++j) ASSERT_NEAR(weights[j], expectedWeights[j], 1e-5f) << j;
    expectClose({out.data(), out.data() + dim}, expected, problem.largestValue());

    Guarded<float> alone(dim, 5);
    d.weights = nullptr;
    d.out = alone.data();
    GetParam().run(d);
    for (size_t i = 0; i < dim; ++i) ASSERT_EQ(alone[i], out[i]) << i << " without weights";
  }
};

TEST_P(DecodeAttentionI8Test, EveryCountOfKeys) {
  for (int keys = 1; keys <= 67; ++keys) check(keys, 64, keys % 2);
  for (int keys : {255, 256, 257, 1500}) check(keys, 64, true);
}
TEST_P(DecodeAttentionI8Test, EveryHeadSize) {
  for (int dim = 16; dim <= 128; dim += 16) check(50, dim, true);
}

INSTANTIATE_OVER_VARIANTS(DecodeAttentionI8Test, decodeAttentionI8Variants());

}  // namespace
}  // namespace npuspeech
