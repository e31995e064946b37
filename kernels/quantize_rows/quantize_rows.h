// SPDX-License-Identifier: LGPL-2.1-or-later
// Quantises rows of floats to 8 bits with a scale for each row, as matmul_i8 takes them. The rows may be
// layer normalised first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/variant.h"

namespace npuspeech {

class ThreadPool;

/// The scale of a row of 8-bit values: x = scale * (value - zeroPoint).
struct RowScale {
  float scale = 0;
  int32_t zeroPoint = 0;  // 0 to 255
};

/// For each row y, which is the row of `in` or, with `gamma`, its layer normalisation as in layer_norm_f32:
/// scale = (max(y, 0) - min(y, 0)) / 255 and out = clamp(round(y / scale) + zeroPoint, 0, 255), halves to
/// even. So all 256 values are used also where a row is lopsided, and zero is always exact. A row without any
/// |y| of at least 1e-30 has the scale 0. Rows of `out` have `columns` values, rounded up to a multiple of 4;
/// those past the last column are 0. All bodies give the same values, except after normalisation, which may
/// change single values by 1.
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

/// `scratch` has `columns` floats, aligned to 64 bytes.
using QuantizeRowsFunction = void(const QuantizeRows&, float* scratch);
std::span<const Variant<QuantizeRowsFunction>> quantizeRowsVariants();

/// Computes on the calling thread with the best body that is enabled.
void quantizeRows(const QuantizeRows& rows);
/// Computes on the pool's threads with `body`; null stands for the best body that is enabled.
void quantizeRows(ThreadPool& pool, const QuantizeRows& rows, QuantizeRowsFunction* body = nullptr);

}  // namespace npuspeech
