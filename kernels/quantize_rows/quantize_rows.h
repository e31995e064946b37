// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of float to rows of 8 bits with a scale each: what matmul_i8 takes. Optionally layer normalised on the
// way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// How 8-bit values of a row read: x = scale * (value - zeroPoint).
struct RowScale {
  float scale = 0;
  int32_t zeroPoint = 0;  // 0 to 255
};

/// For each row y, which is the row of `in` or, with `gamma`, its layer normalisation as in layer_norm_f32:
/// scale = (max(y, 0) - min(y, 0)) / 255 and out = clamp(round(y / scale) + zeroPoint, 0, 255), halves to
/// even: all values are used where a row is lopsided, and zero is always exact. A row without an |y| of 1e-30
/// has scale 0. `out` has columns rounded up to 4 values a row; those past the last column are 0. Exact in
/// every variant but for the normalisation, which may move single values by 1.
struct QuantizeRows {
  const float* in = nullptr;
  size_t inStride = 0;           // floats from row to row
  const float* gamma = nullptr;  // [columns], or null: no normalisation
  const float* beta = nullptr;   // [columns], set where gamma is
  uint8_t* out = nullptr;
  size_t outStride = 0;        // bytes from row to row
  RowScale* scales = nullptr;  // [rows] out
  int rows = 0, columns = 0;
};

/// `scratch`: `columns` floats, aligned to 64.
using QuantizeRowsFunction = void(const QuantizeRows&, float* scratch);
std::span<const Variant<QuantizeRowsFunction>> quantizeRowsVariants();

/// On the calling thread.
void quantizeRows(const QuantizeRows& rows);
/// Split over the pool's threads, with `body`; null stands for the best body that is enabled.
void quantizeRows(ThreadPool& pool, const QuantizeRows& rows, QuantizeRowsFunction* body = nullptr);

}  // namespace npuspeech
