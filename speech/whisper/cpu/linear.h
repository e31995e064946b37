// SPDX-License-Identifier: LGPL-2.1-or-later
// A linear layer of the model with its weights packed for the machine, and the rows that such layers take.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/aligned.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/matmul_i8/matmul_i8.h"
#include "speech/model/model_source.h"
#include "speech/model/safetensors_writer.h"
#include "speech/model/tensor_file.h"
#include "speech/whisper/precision.h"

namespace npuspeech {

/// Rows of floats; a view.
struct Rows {
  float* data = nullptr;
  size_t stride = 0;  // floats from row to row
};

class Linear;

struct LayerNorm {
  AlignedVector<float> gamma, beta;
};

/// The input of linear layers in the form that their precision wants: float rows, or rows of 8 bits that are
/// quantised once for all layers that read them. Keeps its memory, which grows to the largest input seen.
class Operand {
 public:
  explicit Operand(Precision precision) : precision_(precision) {}

  int rows() const { return rows_; }
  /// The rows themselves. Float32 keeps a view of them: they must stay until the layers have run.
  void take(ThreadPool& pool, Rows in, int rows, int columns);
  /// Their layer normalisation.
  void takeNormalised(ThreadPool& pool, const LayerNorm& norm, Rows in, int rows);
  /// activation(linear(in)): the way from one layer into the next.
  void takeProduct(ThreadPool& pool, const Linear& linear, const Operand& in, Activation activation);

 private:
  friend class Linear;
  void reserve(int rows, int columns);

  Precision precision_;
  int rows_ = 0;
  Rows view_;                      // Float32: what the layers read
  AlignedVector<float> floats_;    // Float32: behind view_ where it is ours
  AlignedVector<uint8_t> values_;  // Int8: [rows][stride_]
  AlignedVector<RowScale> scales_;
  size_t stride_ = 0;
};

/// y = x * weight^T + bias. Immutable once loaded; thread-safe.
class Linear {
 public:
  /// Changes weights [outputs][inputs] and bias [outputs] before they are rounded to 8 bits.
  using Adjust = std::function<void(std::span<float> weights, std::span<float> bias)>;

  /// Reads "<name>/weight" [outputs, inputs] and, where the model has it, "<name>/bias" [outputs].
  static Result<Linear> load(const ModelSource& model, const std::string& name, int outputs, int inputs,
                             Precision precision, const Adjust& adjust = {});
  /// From weights in memory, output-major; `bias` may be empty.
  Linear(std::span<const float> weights, std::span<const float> bias, int outputs, int inputs,
         Precision precision);
  /// Reads what addTo() gave. Errors: BadFile.
  static Result<Linear> loadPacked(const TensorFile& file, const std::string& name, int outputs, int inputs,
                                   Precision precision);
  Linear() = default;

  int outputs() const { return outputs_; }
  int inputs() const { return inputs_; }

  /// out = activation(in * weight^T + bias) + residual, split over the pool; `in` has this layer's precision.
  /// `residual.data` may be null or `out`.
  void apply(ThreadPool& pool, const Operand& in, Rows out, Activation activation = Activation::None,
             Rows residual = {}) const;
  /// Adds the packed weights and the bias, which stay this object's.
  void addTo(SafetensorsWriter& writer, const std::string& name) const;
  /// The weights of one output, as an embedding table has them: out[inputs].
  void readRow(int output, float* out) const;

 private:
  friend class Operand;
  MatmulI8 product(const Operand& in, Activation activation) const;

  int outputs_ = 0, inputs_ = 0;
  Precision precision_ = Precision::Float32;
  AlignedVector<float> floats_, bias_;
  AlignedVector<uint8_t> bytes_;
};

}  // namespace npuspeech
