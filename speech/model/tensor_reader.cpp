// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/tensor_reader.h"

#include <functional>
#include <numeric>
#include <utility>

namespace npuspeech {

AlignedVector<float> TensorReader::read(const std::string& name, std::initializer_list<int64_t> dims) {
  if (!error_) {
    auto values = file_.readFloat(name, {dims.begin(), dims.size()});
    if (values) return std::move(*values);
    error_ = values.error();
  }
  const int64_t size = std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  return AlignedVector<float>(static_cast<size_t>(size), 0.0f);
}

}  // namespace npuspeech
