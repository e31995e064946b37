// SPDX-License-Identifier: LGPL-2.1-or-later
// A whole file, mapped read-only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace npuspeech {

/// The bytes of a regular file. They stay mapped while this object lives. Immutable; thread-safe.
class MappedFile {
 public:
  /// Errors: NotFound (also without permission to read), BadFile (not a regular file, or empty), OutOfMemory.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  /// Gives the memory of a part of a mapped file back to the system, which reads it again when it is needed.
  static void forget(std::span<const std::byte> part);

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

/// Whether something has this name. Also true where that cannot be told (a circle of links, no permission):
/// opening it says why.
bool isThere(const std::string& path);

}  // namespace npuspeech
