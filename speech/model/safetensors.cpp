// SPDX-License-Identifier: LGPL-2.1-or-later
// Hugging Face safetensors: u64 header length; a JSON object of name -> {dtype, shape, data_offsets}, the
// offsets counted from the header's end; the data, without holes.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "speech/model/tensor_parsers.h"

namespace npuspeech {
namespace {

constexpr size_t kLengthSize = 8;
constexpr size_t kMaxHeader = 16 << 20;

struct StoredType {
  std::string_view name;
  size_t size;
  std::optional<TensorType> type;  // none: the format knows it, TensorType does not
};
constexpr StoredType kTypes[] = {
    {"F32", 4, TensorType::Float32},
    {"F16", 2, TensorType::Float16},
    {"BF16", 2, TensorType::BFloat16},
    {"I8", 1, TensorType::Int8},
    {"I16", 2, TensorType::Int16},
    {"I32", 4, TensorType::Int32},
    {"F64", 8, {}},
    {"I64", 8, {}},
    {"U64", 8, {}},
    {"U32", 4, {}},
    {"U16", 2, {}},
    {"U8", 1, {}},
    {"BOOL", 1, {}},
    {"F8_E4M3", 1, {}},
    {"F8_E5M2", 1, {}},
};

using Range = std::pair<size_t, size_t>;

/// Takes the header while it is parsed: no tree is built that a hostile header could blow up, and a name that
/// comes twice is seen. Whatever is not a place for a value leaves `numbers_` null and `wantsType_` false.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(std::span<const std::byte> data, ParsedTensors& parsed) : data_(data), parsed_(parsed) {}

  const std::string& problem() const { return problem_; }
  std::vector<Range>& ranges() { return ranges_; }

  bool start_object(size_t) override {
    if (depth_ == 2) return refuse("an object is out of place");
    ++depth_;
    return true;
  }
  bool end_object() override { return --depth_ != 1 || inMetadata_ || finishTensor(); }
  bool key(string_t& name) override {
    if (depth_ == 1) return startEntry(name);
    numbers_ = name == "shape" ? &view_.dims : name == "data_offsets" ? &offsets_ : nullptr;
    wantsType_ = name == "dtype";
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ == 2 && inMetadata_) return true;
    if (!wantsType_) return refuse("a string is out of place");
    type_ = std::find_if(std::begin(kTypes), std::end(kTypes),
                         [&](const StoredType& t) { return t.name == text; });
    return type_ != std::end(kTypes) || refuse("the dtype '" + text.substr(0, 32) + "' is unknown");
  }
  bool start_array(size_t) override {
    if (!numbers_ || inArray_) return refuse("an array is out of place");
    numbers_->clear();
    return inArray_ = true;
  }
  bool end_array() override {
    inArray_ = false;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (!inArray_) return refuse("a number is out of place");
    if (numbers_->size() == kMaxTensorRank) return refuse("an array is too long");
    if (value > data_.size())
      return refuse("the number " + std::to_string(value) + " is more than the file has bytes");
    numbers_->push_back(static_cast<int64_t>(value));
    return true;
  }
  bool number_integer(number_integer_t) override { return refuse("a number is negative"); }
  bool number_float(number_float_t, const string_t&) override { return refuse("a number is not an integer"); }
  bool null() override { return refuse("a null is out of place"); }
  bool boolean(bool) override { return refuse("a boolean is out of place"); }
  bool binary(binary_t&) override { return refuse("binary data is out of place"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    name_.clear();
    return refuse("the JSON is malformed at its character " + std::to_string(position));
  }

 private:
  bool refuse(const std::string& what) {
    if (problem_.empty()) problem_ = name_.empty() ? what : "in the entry '" + name_ + "', " + what;
    return false;
  }

  bool startEntry(const std::string& name) {
    name_.clear();
    if (name.empty() || name.size() > kMaxTensorName) return refuse("a tensor's name is empty or too long");
    if (ranges_.size() == kMaxTensors) return refuse("there are too many tensors");
    name_ = name;
    inMetadata_ = name == "__metadata__";
    type_ = std::end(kTypes);
    view_ = {};
    offsets_.clear();
    numbers_ = nullptr;
    wantsType_ = false;
    return true;
  }

  bool finishTensor() {
    if (type_ == std::end(kTypes) || offsets_.size() != 2) return refuse("dtype or data_offsets are missing");
    const Range range(offsets_[0], offsets_[1]);
    const size_t size = range.second - range.first;
    if (range.first >= range.second || range.second > data_.size())
      return refuse("data_offsets are not inside the file's " + std::to_string(data_.size()) +
                    " bytes of data");
    if (tensorBytes(type_->size, view_.dims, size) != size)
      return refuse(std::to_string(size) + " bytes of data do not fit the shape");
    ranges_.push_back(range);
    if (!type_->type) return true;
    view_.type = *type_->type;
    view_.data = data_.subspan(range.first, size);
    return parsed_.tensors.emplace(name_, std::move(view_)).second || refuse("the name is there twice");
  }

  std::span<const std::byte> data_;
  ParsedTensors& parsed_;
  std::vector<Range> ranges_;
  std::string problem_;
  int depth_ = 0;

  // The entry that is being read.
  std::string name_;
  bool inMetadata_ = false, wantsType_ = false, inArray_ = false;
  const StoredType* type_ = std::end(kTypes);
  TensorView view_;
  std::vector<int64_t> offsets_;
  std::vector<int64_t>* numbers_ = nullptr;
};

}  // namespace

Result<ParsedTensors> parseSafetensors(std::span<const std::byte> file, std::string_view path) {
  if (file.size() < kLengthSize)
    return badTensorFile(path, 0, "expected the 8 bytes of a header's length, but the file ends");
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthSize);
  if (length > file.size() - kLengthSize || length > kMaxHeader)
    return badTensorFile(
        path, 0, "found a header of " + std::to_string(length) + " bytes, more than the file can hold");
  const auto header = file.subspan(kLengthSize, length);
  const size_t dataAt = kLengthSize + length;

  ParsedTensors parsed;
  HeaderReader reader(file.subspan(dataAt), parsed);
  const auto* text = reinterpret_cast<const char*>(header.data());
  if (!nlohmann::json::sax_parse(text, text + length, &reader))
    return badTensorFile(path, kLengthSize, "in the header, " + reader.problem());

  std::sort(reader.ranges().begin(), reader.ranges().end());
  size_t end = 0;
  for (const auto& [from, to] : reader.ranges()) {
    if (from != end) return badTensorFile(path, dataAt + end, "tensors overlap or leave a hole");
    end = to;
  }
  if (dataAt + end != file.size())
    return badTensorFile(path, dataAt + end, "the last tensor ends, but the file goes on");
  return parsed;
}

}  // namespace npuspeech
