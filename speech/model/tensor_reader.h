// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the tensors of a small network one after the other.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "base/aligned.h"
#include "base/result.h"
#include "speech/model/tensor_file.h"

namespace npuspeech {

/// Remembers the first error. After it nothing more is read, so that the caller lists a network's tensors
/// without checks between them.
class TensorReader {
 public:
  /// `file` must outlive the reader.
  explicit TensorReader(const TensorFile& file) : file_(file) {}

  /// The first error. What was read is not to be used then.
  const std::optional<Error>& error() const { return error_; }
  /// Reads a tensor of `dims`; zeros after an error.
  AlignedVector<float> read(const std::string& name, std::initializer_list<int64_t> dims);

 private:
  const TensorFile& file_;
  std::optional<Error> error_;
};

}  // namespace npuspeech
