// SPDX-License-Identifier: LGPL-2.1-or-later
// Expected failures as values: Error says what went wrong in words for the user, Result<T> carries it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace npuspeech {

enum class ErrorCode {
  NotFound,      // a file, folder or device that was named is not there
  BadFile,       // a file is there, but is truncated, corrupt or of another format
  BadValue,      // an option or argument is out of its range
  Unsupported,   // valid, but not something this build or machine does
  NoDevice,      // no accelerator of the kind that was asked for
  DeviceFailed,  // the accelerator gave up in mid-work
  OutOfMemory,   // memory, file descriptors, threads or disk ran out
  Cancelled,     // the caller asked to stop
  Internal,      // a defect of ours
};

/// What failed: `message` is one sentence that names the file or value at fault, what was expected, and what
/// to do.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

/// A value or an Error. Test it before use; `value()` and `error()` on the wrong side are undefined.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace npuspeech
