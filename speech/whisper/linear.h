// SPDX-License-Identifier: LGPL-2.1-or-later
// A linear layer of the model, with its weights packed for the machine.
#pragma once

#include <span>
#include <string>

#include "base/aligned.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/matmul_f32/matmul_f32.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// Rows of floats; a view.
struct Rows {
  float* data = nullptr;
  size_t stride = 0;  // floats from row to row
};

/// y = x * weight^T + bias. Immutable once loaded; thread-safe.
class Linear {
 public:
  /// Reads "<name>/weight" [outputs, inputs] and, where the file has it, "<name>/bias" [outputs].
  static Result<Linear> load(const TensorFile& file, const std::string& name, int outputs, int inputs);
  /// From weights in memory, output-major; `bias` may be empty.
  Linear(std::span<const float> weights, std::span<const float> bias, int outputs, int inputs);
  Linear() = default;

  int outputs() const { return outputs_; }
  int inputs() const { return inputs_; }

  /// out = activation(in * weight^T + bias) + residual, split over the pool. `residual.data` may be null or
  /// `out`.
  void apply(ThreadPool& pool, Rows in, int rows, Rows out, Activation activation = Activation::None,
             Rows residual = {}) const;
  /// The same for the outputs [first, first + count) only; both multiples of 16. `out` takes `count` columns.
  void applyPart(ThreadPool& pool, Rows in, int rows, int first, int count, Rows out) const;
  /// The weights of one output, as an embedding table has them: out[inputs].
  void readRow(int output, float* out) const;

 private:
  int outputs_ = 0, inputs_ = 0;
  AlignedVector<float> packed_, bias_;
};

}  // namespace npuspeech
