// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of matmul_f32, and how a product is split over threads.
#include "kernels/matmul_f32/matmul_f32.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/scratch.h"

namespace npuspeech {

MatmulF32Function matmulF32Scalar, matmulF32Avx2, matmulF32Avx512, matmulF32Neon;

namespace {

constexpr Variant<MatmulF32Function> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, matmulF32Avx512},
    {Isa::Avx2, matmulF32Avx2},
#elif defined(__aarch64__)
    {Isa::Neon, matmulF32Neon},
#endif
    {Isa::Scalar, matmulF32Scalar},
};

/// The part of a product that covers some of its rows and, from a panel's first column on, some of its
/// columns.
MatmulF32 part(const MatmulF32& whole, int firstRow, int rows, int firstColumn, int columns) {
  MatmulF32 p = whole;
  const size_t row = static_cast<size_t>(firstRow), column = static_cast<size_t>(firstColumn);
  p.a += row * p.aStride;
  p.weights += column * static_cast<size_t>(p.depth);
  p.out += row * p.outStride + column;
  if (p.bias) p.bias += column;
  if (p.residual) p.residual += row * p.residualStride + column;
  p.rows = rows;
  p.columns = columns;
  return p;
}

MatmulF32Function* best() {
  static MatmulF32Function* const function = bestVariant(matmulF32Variants());
  return function;
}

void run(MatmulF32Function* body, const MatmulF32& product) {
  const size_t scratch = matmulF32ScratchSize(product.rows, product.depth) * sizeof(float);
  body(product, static_cast<float*>(threadScratch(scratch)));
}

// Rows of one task. A multiple of every body's tile (6, 14), whose copy of 2048 floats a row fits in half of
// a 1 MB L2.
constexpr int kBlockRows = 42;

}  // namespace

std::span<const Variant<MatmulF32Function>> matmulF32Variants() {
  return kVariants;
}

void matmulF32(const MatmulF32& product) {
  for (int row = 0; row < product.rows; row += 2 * kBlockRows)
    run(best(), part(product, row, std::min(2 * kBlockRows, product.rows - row), 0, product.columns));
}

void matmulF32(ThreadPool& pool, const MatmulF32& product, MatmulF32Function* body) {
  if (!body) body = best();
  // Columns of a task: about 16 tasks a thread let threads finish together whatever else the machine does,
  // but at least 16 panels, which pay for the copy of the rows; fewer rows are bound by reading weights,
  // where 64 KB make a task.
  const int blocks = (product.rows + kBlockRows - 1) / kBlockRows;
  const int columns = product.columns;
  const int least = product.rows >= 16 ? 256 : std::max(1, 16384 / std::max(1, product.depth));
  const int wanted = columns / std::max(1, 16 * pool.threads() / std::max(1, blocks));
  const int chunk = (std::max({1, least, wanted}) + kMatmulF32Panel - 1) / kMatmulF32Panel * kMatmulF32Panel;
  const int chunks = (columns + chunk - 1) / chunk;
  pool.parallelFor(static_cast<size_t>(blocks) * static_cast<size_t>(chunks), [&](size_t index, int) {
    const int row = static_cast<int>(index) / chunks * kBlockRows;
    const int column = static_cast<int>(index) % chunks * chunk;
    run(body, part(product, row, std::min(kBlockRows, product.rows - row), column,
                   std::min(chunk, columns - column)));
  });
}

}  // namespace npuspeech
