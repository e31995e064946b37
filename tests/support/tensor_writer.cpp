// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/tensor_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace npuspeech::test {
namespace {

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void appendString(std::string& bytes, std::string_view text) {
  append(bytes, static_cast<uint16_t>(text.size() + 1));
  bytes.append(text).push_back('\0');
}

uint16_t toBFloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

uint16_t toHalf(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (value == 0) return sign;
  int exponent = 0;
  std::frexp(value, &exponent);                  // |value| in [2^(exponent-1), 2^exponent)
  const int ulp = std::max(exponent, -13) - 11;  // of the result, as a power of two; subnormals share 2^-24
  const auto steps = static_cast<uint32_t>(std::nearbyint(std::ldexp(std::fabs(value), -ulp)));
  if (exponent > 16) return sign | 0x7c00;
  // Counted in ulps, the leading one of a normal number carries into the exponent field.
  return static_cast<uint16_t>(sign | (steps + (static_cast<uint32_t>(ulp + 24) << 10)));
}

const char* safetensorsName(TensorType type) {
  constexpr const char* kNames[] = {"F32", "I8", "I16", "I32", "F16", "BF16"};
  return kNames[static_cast<int>(type)];
}

}  // namespace

NamedTensor floatTensor(std::string name, std::vector<int64_t> dims, const std::vector<float>& values,
                        TensorType type) {
  NamedTensor tensor{std::move(name), type, std::move(dims), {}};
  tensor.bytes.reserve(values.size() * 4);
  for (const float value : values) {
    if (type == TensorType::Float32)
      append(tensor.bytes, value);
    else
      append(tensor.bytes, type == TensorType::Float16 ? toHalf(value) : toBFloat(value));
  }
  return tensor;
}

NamedTensor integerTensor(std::string name, TensorType type, int32_t value) {
  NamedTensor tensor{std::move(name), type, {}, {}};
  append(tensor.bytes, value);
  tensor.bytes.resize(type == TensorType::Int8 ? 1 : type == TensorType::Int16 ? 2 : 4);
  return tensor;
}

std::pair<NamedTensor, NamedTensor> int8Tensors(std::string name, std::vector<int64_t> dims,
                                                const std::vector<float>& values) {
  const auto rows = static_cast<size_t>(dims.at(0));
  const size_t columns = values.size() / rows;
  std::vector<float> scales;
  std::string bytes;
  for (size_t row = 0; row < rows; ++row) {
    const float* first = values.data() + row * columns;
    float largest = 0;
    for (size_t i = 0; i < columns; ++i) largest = std::max(largest, std::fabs(first[i]));
    scales.push_back(largest > 0 ? 127 / largest : 1);
    for (size_t i = 0; i < columns; ++i)
      append(bytes, static_cast<int8_t>(std::nearbyint(first[i] * scales.back())));
  }
  NamedTensor scale = floatTensor(name + "_scale", {dims[0]}, scales);
  return {NamedTensor{std::move(name), TensorType::Int8, std::move(dims), std::move(bytes)},
          std::move(scale)};
}

std::string ctranslate2File(const std::vector<NamedTensor>& tensors,
                            const std::vector<std::pair<std::string, std::string>>& aliases,
                            std::string_view spec) {
  std::string file;
  append(file, uint32_t{6});
  appendString(file, spec);
  append(file, uint32_t{3});
  append(file, static_cast<uint32_t>(tensors.size()));
  for (const NamedTensor& tensor : tensors) {
    appendString(file, tensor.name);
    append(file, static_cast<uint8_t>(tensor.dims.size()));
    for (const int64_t dim : tensor.dims) append(file, static_cast<uint32_t>(dim));
    append(file, static_cast<uint8_t>(tensor.type));
    append(file, static_cast<uint32_t>(tensor.bytes.size()));
    file += tensor.bytes;
  }
  append(file, static_cast<uint32_t>(aliases.size()));
  for (const auto& [alias, name] : aliases) {
    appendString(file, alias);
    appendString(file, name);
  }
  return file;
}

std::string safetensorsFile(const std::vector<NamedTensor>& tensors) {
  std::string header = "{\"__metadata__\":{\"format\":\"pt\"}", data;
  for (const NamedTensor& tensor : tensors) {
    header.append(",\"").append(tensor.name).append("\":{\"dtype\":\"").append(safetensorsName(tensor.type));
    header += "\",\"shape\":[";
    for (size_t i = 0; i < tensor.dims.size(); ++i)
      header.append(i ? "," : "").append(std::to_string(tensor.dims[i]));
    header.append("],\"data_offsets\":[").append(std::to_string(data.size())).append(",");
    data += tensor.bytes;
    header.append(std::to_string(data.size())).append("]}");
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string file;
  append(file, static_cast<uint64_t>(header.size()));
  return file + header + data;
}

void writeFile(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) std::abort();
}

}  // namespace npuspeech::test
