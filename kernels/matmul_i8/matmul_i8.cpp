// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of matmul_i8, and how a product is split over threads.
#include "kernels/matmul_i8/matmul_i8.h"

#include <algorithm>

#include "base/aligned.h"
#include "base/thread_pool.h"
#include "kernels/scratch.h"

namespace npuspeech {

MatmulI8Function matmulI8Scalar, matmulI8Avx2, matmulI8AvxVnni, matmulI8Avx512Vnni, matmulI8Neon,
    matmulI8NeonDot, matmulI8NeonI8mm;

namespace {

constexpr Variant<MatmulI8Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512Vnni, matmulI8Avx512Vnni},
    {Isa::AvxVnni, matmulI8AvxVnni},
    {Isa::Avx2, matmulI8Avx2},
#elif defined(__aarch64__)
    {Isa::NeonI8mm, matmulI8NeonI8mm},
    {Isa::NeonDot, matmulI8NeonDot},
    {Isa::Neon, matmulI8Neon},
#endif
    {Isa::Scalar, matmulI8Scalar},
};

// Rows of one task at most: two tiles of 14, or seven of 4. Their copy and two panels of 2048 values fit in
// L2 many times. A product's tasks have nearly the same height, so that threads finish together.
constexpr int kBlockRows = 28;

MatmulI8Function* best() {
  static MatmulI8Function* const function = bestVariant(matmulI8Variants());
  return function;
}

void run(MatmulI8Function* body, const MatmulI8& product) {
  body(product, threadScratch(matmulI8ScratchSize(product.rows, product.weights.depth)));
}

int blocksOf(int rows, int most) {
  return (rows + most - 1) / most;
}
/// The first row of a block; that of the block behind the last is `rows`.
int firstRow(int rows, int blocks, int block) {
  return static_cast<int>(static_cast<int64_t>(rows) * block / blocks);
}

}  // namespace

std::span<const Variant<MatmulI8Function>> matmulI8Variants() {
  return kVariants;
}

void matmulI8(const MatmulI8& product) {
  for (int row = 0; row < product.rows; row += kBlockRows)
    run(best(),
        matmulI8Part(product, row, std::min(kBlockRows, product.rows - row), 0, product.weights.columns));
}

void matmulI8(ThreadPool& pool, const MatmulI8& product, MatmulI8Function* body) {
  if (!body) body = best();
  // About 16 tasks a thread let threads finish together whatever else the machine does; at least 16 panels
  // pay for the copy of a task's rows, and few rows are bound by reading weights, where 64 KB make a task.
  const int blocks = blocksOf(product.rows, kBlockRows), columns = product.weights.columns;
  const int least = product.rows >= 16 ? 256 : 65536 / std::max(1, product.weights.depth);
  const int wanted = columns / std::max(1, 16 * pool.threads() / std::max(1, blocks));
  const int chunk = (std::max({1, least, wanted}) + kMatmulI8Panel - 1) / kMatmulI8Panel * kMatmulI8Panel;
  const int chunks = (columns + chunk - 1) / chunk;
  pool.parallelFor(static_cast<size_t>(blocks) * static_cast<size_t>(chunks), [&](size_t index, int) {
    const int block = static_cast<int>(index) / chunks, column = static_cast<int>(index) % chunks * chunk;
    const int row = firstRow(product.rows, blocks, block);
    run(body, matmulI8Part(product, row, firstRow(product.rows, blocks, block + 1) - row, column,
                           std::min(chunk, columns - column)));
  });
}

void matmulI8(ThreadPool& pool, const MatmulI8& product, const QuantizedOut& quantized,
              MatmulI8Function* body) {
  if (!body) body = best();
  const int columns = product.weights.columns;
  const size_t width = static_cast<size_t>(columns);
  QuantizeRows rows;
  rows.inStride = width;
  rows.outStride = quantized.stride;
  rows.columns = columns;

  // A task makes whole rows, because a row's scale needs all of it: they wait in L2.
  static QuantizeRowsFunction* const quantize = bestVariant(quantizeRowsVariants());
  if (product.rows >= 4 * pool.threads()) {
    const int blocks = blocksOf(product.rows, std::clamp(product.rows / (8 * pool.threads()), 4, kBlockRows));
    pool.parallelFor(static_cast<size_t>(blocks), [&](size_t index, int) {
      const int row = firstRow(product.rows, blocks, static_cast<int>(index));
      const int count = firstRow(product.rows, blocks, static_cast<int>(index) + 1) - row;
      const size_t sums = static_cast<size_t>(count) * width + 16;
      auto* memory = static_cast<float*>(
          threadScratch(sums * sizeof(float) + 64 + matmulI8ScratchSize(count, product.weights.depth)));
      MatmulI8 p = matmulI8Part(product, row, count, 0, columns);
      p.out = memory;
      p.outStride = width;
      body(p, memory + (sums + 15) / 16 * 16);
      QuantizeRows q = rows;
      q.in = memory;
      q.out = quantized.values + static_cast<size_t>(row) * quantized.stride;
      q.scales = quantized.scales + row;
      q.rows = count;
      quantize(q, nullptr);
    });
    return;
  }
  thread_local AlignedVector<float> sums;
  if (sums.size() < static_cast<size_t>(product.rows) * width)
    sums.resize(static_cast<size_t>(product.rows) * width);
  MatmulI8 p = product;
  p.out = sums.data();
  p.outStride = width;
  matmulI8(pool, p, body);
  rows.in = sums.data();
  rows.out = quantized.values;
  rows.scales = quantized.scales;
  rows.rows = product.rows;
  quantizeRows(rows);
}

}  // namespace npuspeech
