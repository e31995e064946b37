// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/tensor_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "speech/model/mapped_file.h"
#include "speech/model/tensor_parsers.h"
#include "speech/model/widen.h"

namespace npuspeech {
namespace {

/// "512x80x3", "any" for a dimension that is free, "scalar" for none.
std::string shapeText(std::span<const int64_t> dims) {
  std::string text;
  for (const int64_t dim : dims) {
    if (!text.empty()) text += 'x';
    text += dim ? std::to_string(dim) : "any";
  }
  return text.empty() ? "scalar" : text;
}

/// Infinities and NaN are what has all bits of the exponent set. Without branches, so that it takes as long
/// as reading the memory does.
bool allFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t none = 1;
  for (const float value : values) none &= (std::bit_cast<uint32_t>(value) & kExponent) != kExponent;
  return none != 0;
}

bool isInteger(TensorType type) {
  return type == TensorType::Int8 || type == TensorType::Int16 || type == TensorType::Int32;
}

}  // namespace

Block blockOf(TensorType type) {
  switch (type) {
    case TensorType::Int8:
      return {1, 1};
    case TensorType::Int16:
    case TensorType::Float16:
    case TensorType::BFloat16:
      return {1, 2};
    case TensorType::Float32:
    case TensorType::Int32:
      break;
    case TensorType::Q4_0:
      return {32, 2 + 16};
    case TensorType::Q4_1:
      return {32, 2 + 2 + 16};
    case TensorType::Q5_0:
      return {32, 2 + 4 + 16};
    case TensorType::Q5_1:
      return {32, 2 + 2 + 4 + 16};
    case TensorType::Q8_0:
      return {32, 2 + 32};
  }
  return {1, 4};
}

size_t tensorBytes(size_t elementSize, std::span<const int64_t> dims, size_t limit) {
  size_t bytes = elementSize;
  for (const int64_t dim : dims) {
    if (dim < 1 || dim > std::numeric_limits<int32_t>::max()) return 0;
    if (static_cast<size_t>(dim) > limit / bytes) return 0;
    bytes *= static_cast<size_t>(dim);
  }
  return bytes <= limit ? bytes : 0;
}

size_t tensorBytes(TensorType type, std::span<const int64_t> dims, size_t limit) {
  const Block block = blockOf(type);
  const auto elements = static_cast<int64_t>(block.elements);
  if (elements == 1) return tensorBytes(block.bytes, dims, limit);
  if (dims.empty() || dims.back() % elements != 0) return 0;
  std::vector<int64_t> blocks(dims.begin(), dims.end());
  blocks.back() /= elements;
  return tensorBytes(block.bytes, blocks, limit);
}

Error badTensorFile(std::string_view path, size_t offset, std::string_view what) {
  std::string message = "'";
  message.append(path).append("' is not a usable model file: at byte ").append(std::to_string(offset));
  message.append(", ").append(what).append(". Fetch or convert the model again.");
  return {ErrorCode::BadFile, message};
}

int64_t TensorView::elements() const {
  const Block block = blockOf(type);
  return static_cast<int64_t>(data.size() / block.bytes * block.elements);
}

Result<TensorFile> TensorFile::openCTranslate2(const std::string& path) {
  return open(path, parseCTranslate2);
}

Result<TensorFile> TensorFile::openSafetensors(const std::string& path) {
  return open(path, parseSafetensors);
}

Result<TensorFile> TensorFile::open(const std::string& path,
                                    Result<ParsedTensors> (*parse)(std::span<const std::byte>,
                                                                   std::string_view)) {
  auto mapping = MappedFile::open(path);
  if (!mapping) return mapping.error();
  auto parsed = parse((*mapping)->bytes(), path);
  if (!parsed) return parsed.error();
  return TensorFile(path, std::move(*mapping), std::move(*parsed));
}

TensorFile::TensorFile(std::string path, std::shared_ptr<const MappedFile> mapping, ParsedTensors parsed)
    : path_(std::move(path)),
      spec_(std::move(parsed.spec)),
      mapping_(std::move(mapping)),
      tensors_(std::move(parsed.tensors)) {}

std::span<const std::byte> TensorFile::bytes() const {
  return mapping_->bytes();
}

const TensorView* TensorFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Error TensorFile::unusable(std::string_view name, const std::string& what) const {
  return {ErrorCode::BadFile, "'" + path_ + "': tensor '" + std::string(name) + "' " + what +
                                  ". Fetch or convert the model again."};
}

Result<const TensorView*> TensorFile::require(std::string_view name, std::span<const int64_t> dims) const {
  const TensorView* view = find(name);
  if (!view) return unusable(name, "is missing (expected shape " + shapeText(dims) + ")");
  const auto matches = [](int64_t wanted, int64_t found) { return wanted == 0 || wanted == found; };
  if (!std::equal(dims.begin(), dims.end(), view->dims.begin(), view->dims.end(), matches))
    return unusable(name, "has shape " + shapeText(view->dims) + ", expected " + shapeText(dims));
  return view;
}

Result<AlignedVector<float>> TensorFile::readFloat(std::string_view name,
                                                   std::span<const int64_t> dims) const {
  const auto required = require(name, dims);
  if (!required) return required.error();
  AlignedVector<float> values(static_cast<size_t>((*required)->elements()));
  if (auto read = readFloat(name, dims, values); !read) return read.error();
  return values;
}

Result<void> TensorFile::readFloat(std::string_view name, std::span<const int64_t> dims,
                                   std::span<float> values) const {
  const auto required = require(name, dims);
  if (!required) return required.error();
  const TensorView& view = **required;
  if (static_cast<size_t>(view.elements()) != values.size())
    return unusable(name, "has " + std::to_string(view.elements()) + " numbers, expected " +
                              std::to_string(values.size()));
  widenToFloat(view.type, view.data.data(), values.data(), values.size());
  MappedFile::forget(view.data);
  if (!allFinite(values)) return unusable(name, "holds what is not a number");
  if (view.type != TensorType::Int8 && view.type != TensorType::Int16) return {};

  const std::string scaleName = std::string(name) + "_scale";
  const TensorView* scale = find(scaleName);
  const size_t rows = view.dims.empty() ? 1 : static_cast<size_t>(view.dims[0]);
  if (!scale) return unusable(name, "holds integers, but '" + scaleName + "' is missing");
  const auto scales = static_cast<size_t>(scale->elements());
  if (isInteger(scale->type) || (scales != 1 && scales != rows))
    return unusable(scaleName, "has shape " + shapeText(scale->dims) + ", expected " + std::to_string(rows) +
                                   " or 1 floating-point scales");
  std::vector<float> divisors(scales);
  widenToFloat(scale->type, scale->data.data(), divisors.data(), scales);
  if (!std::all_of(divisors.begin(), divisors.end(), [](float s) { return std::isnormal(s) && s > 0; }))
    return unusable(scaleName, "has a scale that is not a positive number");
  const size_t columns = values.size() / rows;
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < columns; ++column)
      values[row * columns + column] /= divisors[scales == 1 ? 0 : row];
  return {};
}

Result<AlignedVector<uint8_t>> TensorFile::readBytes(std::string_view name,
                                                     std::span<const int64_t> dims) const {
  const auto required = require(name, dims);
  if (!required) return required.error();
  const TensorView& view = **required;
  if (view.type != TensorType::Int8) return unusable(name, "does not hold bytes");
  AlignedVector<uint8_t> bytes(view.data.size());
  std::memcpy(bytes.data(), view.data.data(), bytes.size());
  MappedFile::forget(view.data);
  return bytes;
}

Result<int32_t> TensorFile::readInteger(std::string_view name) const {
  const TensorView* view = find(name);
  if (!view || !isInteger(view->type) || view->elements() != 1)
    return unusable(name,
                    view ? "has shape " + shapeText(view->dims) + ", expected one integer" : "is missing");
  int32_t value = 0;
  const size_t size = view->data.size();
  std::memcpy(&value, view->data.data(), size);
  const int unused = 32 - 8 * static_cast<int>(size);
  return static_cast<int32_t>(static_cast<uint32_t>(value) << unused) >> unused;
}

}  // namespace npuspeech
