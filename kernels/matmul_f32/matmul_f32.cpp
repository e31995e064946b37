// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of matmul_f32, and how a product is split over threads.
#include "kernels/matmul_f32/matmul_f32.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace npuspeech {

MatmulF32Function matmulF32Scalar;

namespace {

constexpr Variant<MatmulF32Function> kVariants[] = {
    {Isa::Scalar, matmulF32Scalar},
};

MatmulF32Function* best() {
  static MatmulF32Function* const function = bestVariant(matmulF32Variants());
  return function;
}

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

}  // namespace

std::span<const Variant<MatmulF32Function>> matmulF32Variants() {
  return kVariants;
}

void matmulF32(const MatmulF32& product) {
  best()(product);
}

void matmulF32(ThreadPool& pool, const MatmulF32& product) {
  constexpr int kRows = 56, kColumns = 256;
  const int rowParts = (product.rows + kRows - 1) / kRows;
  const int columnParts = (product.columns + kColumns - 1) / kColumns;
  pool.parallelFor(static_cast<size_t>(rowParts) * static_cast<size_t>(columnParts), [&](size_t index, int) {
    const int row = static_cast<int>(index) / columnParts * kRows;
    const int column = static_cast<int>(index) % columnParts * kColumns;
    best()(part(product, row, std::min(kRows, product.rows - row), column,
                std::min(kColumns, product.columns - column)));
  });
}

}  // namespace npuspeech
