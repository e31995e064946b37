// SPDX-License-Identifier: LGPL-2.1-or-later
// A scale and an offset for each column, then the rectifier: what stands between two products of a network
// with batch normalisation. The rows may be quantised to 8 bits for the next product.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/variant.h"

namespace npuspeech {

/// y[r][c] = max(0, in[r][c] * factors[c] + offsets[c]), rounded once, so that all bodies agree bit by bit.
/// No NaN goes in. `out` takes y, `values` and `scales` take y as quantizeRows() would write it: the zero
/// point of every row is 0, and its scale is the largest y / 255, or 0 where that is below 1e-30. At least
/// one of the two is wanted. Rows of `values` have `columns` bytes, rounded up to a multiple of 4; those past
/// the last column are 0. `out` may be `in`.
struct RectifyRows {
  const float* in = nullptr;
  size_t inStride = 0;             // floats from row to row
  const float* factors = nullptr;  // [columns], or null for 1 and no offsets
  const float* offsets = nullptr;  // [columns], set where factors is
  float* out = nullptr;            // [rows][columns], or null
  size_t outStride = 0;            // floats from row to row
  uint8_t* values = nullptr;       // or null
  size_t valuesStride = 0;         // bytes from row to row
  RowScale* scales = nullptr;      // [rows] out, set where values is
  int rows = 0, columns = 0;
};

/// `scratch` has `columns` floats, aligned to 64 bytes.
using RectifyRowsFunction = void(const RectifyRows&, float* scratch);
std::span<const Variant<RectifyRowsFunction>> rectifyRowsVariants();

/// Computes on the calling thread with the best body that is enabled. Nothing is allocated once warm.
void rectifyRows(const RectifyRows& rows);

}  // namespace npuspeech
