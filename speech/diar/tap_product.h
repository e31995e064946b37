// SPDX-License-Identifier: LGPL-2.1-or-later
// The product that convolutions consist of: a sum of products, one for each tap, over rows in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "speech/model/precision.h"

namespace npuspeech {

/// Rows that a product reads: `floats` in Float32, `bytes` and a scale for each row in Int8, of which depth
/// rounded up to 4 can be read. Rows may overlap each other.
struct TapRows {
  const float* floats = nullptr;
  const uint8_t* bytes = nullptr;
  const RowScale* scales = nullptr;
  size_t stride = 0;  // values from row to row
};

/// Rows of floats that a product writes, on top of `residual` where that is set. It may be `data`.
struct TapOut {
  float* data = nullptr;
  size_t stride = 0;  // floats from row to row
  const float* residual = nullptr;
  size_t residualStride = 0;
};

/// out[r] = sum over taps t of weights[t] * in[t][r] + bias + residual[r]. Immutable; thread-safe.
class TapProduct {
 public:
  TapProduct() = default;
  /// Packs weights[t][o][d], which are [taps][outputs][depth]. `bias` is [outputs] or empty. `expected` has
  /// the means of the rows that will be read, repeated until they fill the depth, or is empty: in Int8 the
  /// bias makes up for what rounding the weights does to them, which is most of what rounding does.
  TapProduct(std::span<const float> weights, std::span<const float> bias, int taps, int outputs, int depth,
             Precision precision, std::span<const float> expected = {});

  int taps() const { return static_cast<int>(packed_.size()); }
  int outputs() const { return outputs_; }
  int depth() const { return depth_; }

  /// Computes `rows` rows on the calling thread. `in` has an operand for each tap. Nothing is allocated once
  /// warm.
  void run(std::span<const TapRows> in, int rows, const TapOut& out) const;

 private:
  void correctBias(const float* weights, const AlignedVector<std::byte>& packed,
                   std::span<const float> expected);
  void runTap(size_t tap, const TapRows& in, int rows, const TapOut& out) const;

  int outputs_ = 0, depth_ = 0;
  Precision precision_ = Precision::Float32;
  std::vector<AlignedVector<std::byte>> packed_;  // of each tap
  AlignedVector<float> bias_;
};

}  // namespace npuspeech
