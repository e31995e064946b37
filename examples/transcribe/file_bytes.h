// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numbers at any place of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A file that is read in pieces and never written. What lies outside, or cannot be read, is 0: headers of
/// cut and hostile files need no checks at each number. Not thread-safe.
class FileBytes {
 public:
  explicit FileBytes(const std::string& path);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  /// In bytes; 0 for what is no regular file.
  uint64_t size() const { return size_; }
  uint8_t at(uint64_t offset);
  /// What lies in memory from `offset`, at least a byte; empty where nothing can be read. Good until the next
  /// call.
  std::span<const uint8_t> from(uint64_t offset);
  bool has(uint64_t offset, std::string_view bytes);
  /// Numbers of up to 8 bytes.
  uint64_t bigEndian(uint64_t offset, int bytes);
  uint64_t littleEndian(uint64_t offset, int bytes);

 private:
  int descriptor_ = -1;
  uint64_t size_ = 0;
  uint64_t begin_ = 0;  // of the piece in memory
  std::vector<uint8_t> piece_;
};
