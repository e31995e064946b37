// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/matmul_i8/matmul_i8.h"

#include "bench/kernels/products.h"
#include "bench/onednn.h"

namespace npuspeech {
namespace {

void bench(benchmark::State& state, const Product& s, MatmulI8Function* body, bool isBest) {
  const size_t rows = static_cast<size_t>(s.rows), columns = static_cast<size_t>(s.columns);
  const size_t depth = static_cast<size_t>(s.depth);
  const Floats values = randomFloats(rows * depth), bias = randomFloats(columns);
  Bytes a(rows * depth), packed(matmulI8PackedSize(s.columns, s.depth)), quantized(rows * columns);
  std::vector<RowScale> scales(rows), outScales(rows);
  quantizeRows(benchPool(), {.in = values.data(),
                             .inStride = depth,
                             .out = a.data(),
                             .outStride = depth,
                             .scales = scales.data(),
                             .rows = s.rows,
                             .columns = s.depth});
  packMatmulI8(randomFloats(columns * depth, 0.05f).data(), s.columns, s.depth, packed.data());
  Floats out(rows * columns);
  MatmulI8 p{.a = a.data(),
             .aStride = depth,
             .rowScales = scales.data(),
             .weights = matmulI8Weights(packed.data(), s.columns, s.depth),
             .bias = bias.data(),
             .out = out.data(),
             .outStride = columns,
             .rows = s.rows,
             .activation = s.gelu ? Activation::Gelu : Activation::None};
  if (s.residual) p.residual = out.data(), p.residualStride = columns;
  Work work{.operations = s.operations(), .peak = Peak::DotI8};
  if (s.readsWeights()) work.read = packed.data(), work.readBytes = packed.size();
  if (isBest) work.onednn = makeOnednnProduct({s.rows, s.columns, s.depth, true, s.gelu, s.residual});
  measure(state, work, [&] {
    if (s.quantizedOut)
      matmulI8(benchPool(), p, {quantized.data(), columns, outScales.data()}, body);
    else
      matmulI8(benchPool(), p, body);
  });
}

}  // namespace

void addMatmulI8() {
  for (const ModelSize& size : kModelSizes) {
    std::vector<Product> products = layerProducts(size);
    // As the encoder and the decoder have them.
    for (int rows : {1, 5, 64, 450, 1500}) {
      products.push_back({rows, size.ffnWidth, size.width, true, true});
      products.push_back({rows, size.width, size.width, false, false, true});
      products.push_back({rows, size.width, size.ffnWidth, false, false, true});
    }
    for (const Product& s : products)
      addBodies(benchName("matmul_i8", size, s.name()), matmulI8Variants(),
                [s](benchmark::State& state, const auto& variant, bool isBest) {
                  bench(state, s, variant.run, isBest);
                });
  }
}

}  // namespace npuspeech
