// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/matmul_f32/matmul_f32.h"

#include "bench/kernels/products.h"
#include "bench/onednn.h"

namespace npuspeech {
namespace {

void bench(benchmark::State& state, const Product& s, MatmulF32Function* body, bool isBest) {
  const size_t stride = s.stride ? s.stride : static_cast<size_t>(s.depth);
  const Floats a = randomFloats(static_cast<size_t>(s.rows) * stride + static_cast<size_t>(s.depth));
  const Floats weights = randomFloats(matmulF32PackedSize(s.columns, s.depth));
  const Floats bias = randomFloats(static_cast<size_t>(s.columns));
  Floats out(static_cast<size_t>(s.rows) * static_cast<size_t>(s.columns));
  const MatmulF32 p{.a = a.data(),
                    .aStride = stride,
                    .weights = weights.data(),
                    .bias = bias.data(),
                    .out = out.data(),
                    .outStride = static_cast<size_t>(s.columns),
                    .rows = s.rows,
                    .columns = s.columns,
                    .depth = s.depth,
                    .activation = s.gelu ? Activation::Gelu : Activation::None};
  Work work{.operations = s.operations()};
  if (s.readsWeights()) work.read = weights.data(), work.readBytes = weights.size() * sizeof(float);
  if (isBest) work.onednn = makeOnednnProduct({s.rows, s.columns, s.depth, false, s.gelu});
  measure(state, work, [&] { matmulF32(benchPool(), p, body); });
}

}  // namespace

void addMatmulF32() {
  for (const ModelSize& size : kModelSizes) {
    const size_t bins = static_cast<size_t>(size.melBins), width = static_cast<size_t>(size.width);
    std::vector<Product> products = layerProducts(size);
    // The convolutions on the 3000 frames of a window read three rows as one.
    products.push_back({3000, size.width, 3 * size.melBins, true, false, false, bins});
    products.push_back({1500, size.width, 3 * size.width, true, false, false, 2 * width});
    for (const Product& s : products)
      addBodies(benchName("matmul_f32", size, s.name()), matmulF32Variants(),
                [s](benchmark::State& state, const auto& variant, bool isBest) {
                  bench(state, s, variant.run, isBest);
                });
  }
}

}  // namespace npuspeech
