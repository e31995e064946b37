// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernels that go over rows once: layer norm alone, layer norm with the quantisation that replaces its
// output, the normaliser of a row of logits, and the rectifier of the speaker embedding.
#include "bench/kernels/bench.h"
#include "kernels/layer_norm_f32/layer_norm_f32.h"
#include "kernels/log_sum_exp_f32/log_sum_exp_f32.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/rectify_rows/rectify_rows.h"

namespace npuspeech {
namespace {

void benchLayerNorm(benchmark::State& state, int width, int rows, LayerNormF32Function* body) {
  const size_t columns = static_cast<size_t>(width), size = static_cast<size_t>(rows) * columns;
  const Floats in = randomFloats(size), gamma = randomFloats(columns), beta = randomFloats(columns);
  Floats out(size);
  measure(state, {.readBytes = size * sizeof(float)}, [&] {
    body({.in = in.data(),
          .inStride = columns,
          .gamma = gamma.data(),
          .beta = beta.data(),
          .out = out.data(),
          .outStride = columns,
          .rows = rows,
          .columns = width});
  });
}

void benchQuantize(benchmark::State& state, int width, int rows, QuantizeRowsFunction* body) {
  const size_t columns = static_cast<size_t>(width), size = static_cast<size_t>(rows) * columns;
  const Floats in = randomFloats(size), gamma = randomFloats(columns), beta = randomFloats(columns);
  Bytes out(size);
  std::vector<RowScale> scales(static_cast<size_t>(rows));
  measure(state, {.readBytes = size * sizeof(float)}, [&] {
    quantizeRows(benchPool(),
                 {.in = in.data(),
                  .inStride = columns,
                  .gamma = gamma.data(),
                  .beta = beta.data(),
                  .out = out.data(),
                  .outStride = columns,
                  .scales = scales.data(),
                  .rows = rows,
                  .columns = width},
                 body);
  });
}

void benchLogSumExp(benchmark::State& state, int count, LogSumExpF32Function* body) {
  const Floats x = randomFloats(static_cast<size_t>(count), 4);
  measure(state, {.readBytes = x.size() * sizeof(float)},
          [&] { benchmark::DoNotOptimize(body(x.data(), count)); });
}

void benchRectify(benchmark::State& state, int width, RectifyRowsFunction* body) {
  constexpr int kRows = 249;  // 5 s
  const size_t columns = static_cast<size_t>(width), size = kRows * columns;
  const Floats in = randomFloats(size), factors = randomFloats(columns), offsets = randomFloats(columns);
  Floats scratch(columns);
  Bytes values(size);
  std::vector<RowScale> scales(kRows);
  measure(state, {.readBytes = size * sizeof(float)}, [&] {
    body({.in = in.data(),
          .inStride = columns,
          .factors = factors.data(),
          .offsets = offsets.data(),
          .values = values.data(),
          .valuesStride = columns,
          .scales = scales.data(),
          .rows = kRows,
          .columns = width},
         scratch.data());
  });
}

}  // namespace

void addRowKernels() {
  for (int width : {128, 512, 1024})
    addBodies(
        "rectify_rows/" + std::to_string(width), rectifyRowsVariants(),
        [=](benchmark::State& state, const auto& variant, bool) { benchRectify(state, width, variant.run); });
  for (const ModelSize& size : kModelSizes) {
    const int width = size.width, vocabulary = size.vocabulary;
    for (int rows : {64, 450, 1500}) {
      addBodies(benchName("layer_norm_f32", size, std::to_string(rows)), layerNormF32Variants(),
                [=](benchmark::State& state, const auto& variant, bool) {
                  benchLayerNorm(state, width, rows, variant.run);
                });
      addBodies(benchName("layer_norm_quantize_rows", size, std::to_string(rows)), quantizeRowsVariants(),
                [=](benchmark::State& state, const auto& variant, bool) {
                  benchQuantize(state, width, rows, variant.run);
                });
    }
    addBodies(benchName("log_sum_exp_f32", size, std::to_string(vocabulary)), logSumExpF32Variants(),
              [=](benchmark::State& state, const auto& variant, bool) {
                benchLogSumExp(state, vocabulary, variant.run);
              });
  }
}

}  // namespace npuspeech
