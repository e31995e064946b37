// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads numbers at any place of a file.
#include "file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace {
constexpr size_t kPiece = 1 << 14;
}

FileBytes::FileBytes(const std::string& path) {
  struct stat there {};
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ >= 0 && ::fstat(descriptor_, &there) == 0 && S_ISREG(there.st_mode))
    size_ = static_cast<uint64_t>(there.st_size);
}

FileBytes::~FileBytes() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::span<const uint8_t> FileBytes::from(uint64_t offset) {
  if (offset >= size_) return {};
  if (offset < begin_ || offset - begin_ >= piece_.size()) {
    begin_ = offset / kPiece * kPiece;
    piece_.resize(kPiece);
    const ssize_t got = ::pread(descriptor_, piece_.data(), kPiece, static_cast<off_t>(begin_));
    piece_.resize(got > 0 ? static_cast<size_t>(got) : 0);
  }
  return std::span<const uint8_t>(piece_).subspan(std::min<uint64_t>(offset - begin_, piece_.size()));
}

uint8_t FileBytes::at(uint64_t offset) {
  const auto bytes = from(offset);
  return bytes.empty() ? 0 : bytes.front();
}

bool FileBytes::has(uint64_t offset, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); i++)
    if (offset + i >= size_ || at(offset + i) != static_cast<uint8_t>(bytes[i])) return false;
  return true;
}

uint64_t FileBytes::bigEndian(uint64_t offset, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | at(offset + static_cast<uint64_t>(i));
  return value;
}

uint64_t FileBytes::littleEndian(uint64_t offset, int bytes) {
  uint64_t value = 0;
  for (int i = bytes; i-- > 0;) value = value << 8 | at(offset + static_cast<uint64_t>(i));
  return value;
}
