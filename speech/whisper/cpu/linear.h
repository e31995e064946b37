// SPDX-License-Identifier: LGPL-2.1-or-later
// A linear layer with packed weights, and the operand that such layers read.
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
#include "speech/model/precision.h"
#include "speech/model/safetensors_writer.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// A view of rows of floats.
struct Rows {
  float* data = nullptr;
  /// The number of floats from row to row.
  size_t stride = 0;
};

class Linear;

/// The parameters of a layer normalisation: [width] each.
struct LayerNorm {
  AlignedVector<float> gamma, beta;
};

/// The input of linear layers, in the form of their precision: rows of floats, or rows of 8 bits that are
/// quantised once for all layers that read them. It reuses its memory, which grows to the largest input seen.
class Operand {
 public:
  explicit Operand(Precision precision) : precision_(precision) {}

  int rows() const { return rows_; }
  /// Takes rows as they are. In Float32 it only keeps a view, so that they must stay until the layers have
  /// run.
  void take(ThreadPool& pool, Rows in, int rows, int columns);
  /// Takes the layer normalisation of rows.
  void takeNormalised(ThreadPool& pool, const LayerNorm& norm, Rows in, int rows);
  /// Takes activation(linear(in)), the output of one layer as the input of the next.
  void takeProduct(ThreadPool& pool, const Linear& linear, const Operand& in, Activation activation);

 private:
  friend class Linear;
  void reserve(int rows, int columns);

  Precision precision_;
  int rows_ = 0;
  /// For Float32: the rows that the layers read.
  Rows view_;
  /// For Float32: the memory of view_ where this object owns it.
  AlignedVector<float> floats_;
  /// For Int8: the quantised rows, [rows][stride_].
  AlignedVector<uint8_t> values_;
  /// For Int8: the scale of each row.
  AlignedVector<RowScale> scales_;
  /// For Int8: the number of bytes from row to row.
  size_t stride_ = 0;
};

/// y = x * weight^T + bias. Immutable once loaded; thread-safe.
class Linear {
 public:
  /// Changes the weights [outputs][inputs] and the bias [outputs] before they are rounded to 8 bits.
  using Adjust = std::function<void(std::span<float> weights, std::span<float> bias)>;

  /// Reads "<name>/weight" [outputs, inputs] and, where the model has it, "<name>/bias" [outputs].
  static Result<Linear> load(const ModelSource& model, const std::string& name, int outputs, int inputs,
                             Precision precision, const Adjust& adjust = {});
  /// Packs weights in memory: [outputs][inputs]. `bias` may be empty.
  Linear(std::span<const float> weights, std::span<const float> bias, int outputs, int inputs,
         Precision precision);
  /// Reads a layer that addTo() wrote. Errors: BadFile.
  static Result<Linear> loadPacked(const TensorFile& file, const std::string& name, int outputs, int inputs,
                                   Precision precision);
  Linear() = default;

  int outputs() const { return outputs_; }
  int inputs() const { return inputs_; }

  /// Computes out = activation(in * weight^T + bias) + residual on the pool's threads. `in` must have this
  /// layer's precision. `residual.data` may be null, or that of `out`.
  void apply(ThreadPool& pool, const Operand& in, Rows out, Activation activation = Activation::None,
             Rows residual = {}) const;
  /// Adds the packed weights and the bias to a file. They are borrowed: this object must not change or move
  /// until the file is written.
  void addTo(SafetensorsWriter& writer, const std::string& name) const;
  /// Reads the weights of one output, as from an embedding table, to out[inputs].
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
