// SPDX-License-Identifier: LGPL-2.1-or-later
// The variants of quantize_rows, and how rows are split over threads.
#include "kernels/quantize_rows/quantize_rows.h"

#include <algorithm>

#include "base/thread_pool.h"
#include "kernels/scratch.h"

namespace npuspeech {

QuantizeRowsFunction quantizeRowsScalar, quantizeRowsAvx2, quantizeRowsAvx512, quantizeRowsNeon;

namespace {

constexpr Variant<QuantizeRowsFunction> kVariants[] = {
#if defined(__x86_64__)
    {Isa::Avx512, quantizeRowsAvx512},
    {Isa::Avx2, quantizeRowsAvx2},
#elif defined(__aarch64__)
    {Isa::Neon, quantizeRowsNeon},
#endif
    {Isa::Scalar, quantizeRowsScalar},
};

QuantizeRowsFunction* best() {
  static QuantizeRowsFunction* const function = bestVariant(quantizeRowsVariants());
  return function;
}

void run(QuantizeRowsFunction* body, const QuantizeRows& rows) {
  body(rows, static_cast<float*>(threadScratch(static_cast<size_t>(rows.columns) * sizeof(float))));
}

}  // namespace

std::span<const Variant<QuantizeRowsFunction>> quantizeRowsVariants() {
  return kVariants;
}

void quantizeRows(const QuantizeRows& rows) {
  run(best(), rows);
}

void quantizeRows(ThreadPool& pool, const QuantizeRows& rows, QuantizeRowsFunction* body) {
  if (!body) body = best();
  // 64 KB of float make a task: far above the cost of handing one out.
  const int block = std::max(1, 16384 / std::max(1, rows.columns));
  pool.parallelFor(static_cast<size_t>((rows.rows + block - 1) / block), [&](size_t index, int) {
    QuantizeRows part = rows;
    const size_t first = index * static_cast<size_t>(block);
    part.in += first * rows.inStride;
    part.out += first * rows.outStride;
    part.scales += first;
    part.rows = std::min(block, rows.rows - static_cast<int>(first));
    run(body, part);
  });
}

}  // namespace npuspeech
