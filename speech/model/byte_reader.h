// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numbers and text forward through the bytes of a file that a stranger may have written.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "speech/model/tensor_parsers.h"

namespace npuspeech {

/// Numbers are little-endian. The first failure stays: from then on every read gives zero or nothing.
class ByteReader {
 public:
  /// `path` is for the errors, which are BadFile.
  ByteReader(std::span<const std::byte> file, std::string_view path) : file_(file), path_(path) {}

  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }
  size_t offset() const { return offset_; }
  size_t left() const { return file_.size() - offset_; }

  void fail(size_t offset, std::string_view what) {
    if (!error_) error_ = badTensorFile(path_, offset, what);
  }

  /// `what` names what is read, for the error where the file ends before it.
  std::span<const std::byte> bytes(size_t count, std::string_view what) {
    if (failed()) return {};
    if (count > left()) {
      fail(offset_, "expected " + std::to_string(count) + " bytes for " + std::string(what) +
                        ", but the file ends after " + std::to_string(left()));
      return {};
    }
    const auto taken = file_.subspan(offset_, count);
    offset_ += count;
    return taken;
  }

  std::string_view text(size_t count, std::string_view what) {
    const auto taken = bytes(count, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  template <class T>
  T number(std::string_view what) {
    T value{};
    const auto taken = bytes(sizeof value, what);
    if (!taken.empty()) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }

  /// A u32 that counts things of at least `smallest` bytes each; at most `most`.
  size_t count(size_t smallest, size_t most, std::string_view what) {
    const size_t start = offset_;
    const size_t value = number<uint32_t>(what);
    if (value <= left() / smallest && value <= most) return value;
    fail(start, "found " + std::to_string(value) + " " + std::string(what) + ", more than the file can hold");
    return 0;
  }

 private:
  std::span<const std::byte> file_;
  std::string_view path_;
  size_t offset_ = 0;
  std::optional<Error> error_;
};

}  // namespace npuspeech
