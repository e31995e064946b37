// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace npuspeech {
namespace {

Error systemError(const std::string& path) {
  const int reason = errno;
  const bool exhausted = reason == ENOMEM || reason == EMFILE || reason == ENFILE;
  return {exhausted ? ErrorCode::OutOfMemory : ErrorCode::NotFound,
          "'" + path + "' cannot be opened: " + std::strerror(reason) + "."};
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: a FIFO under this name must not make us wait for its writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return systemError(path);
  struct stat status;
  if (::fstat(fd, &status) != 0) {
    Error error = systemError(path);
    ::close(fd);
    return error;
  }
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    ::close(fd);
    const char* what = S_ISREG(status.st_mode) ? "' is empty." : "' is not a regular file.";
    return Error{ErrorCode::BadFile, "'" + path + what};
  }
  const auto size = static_cast<size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) {
    Error error = systemError(path);
    ::close(fd);
    return error;
  }
  ::close(fd);
  ::madvise(address, size, MADV_WILLNEED);
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool isThere(const std::string& path) {
  std::error_code failure;
  return std::filesystem::exists(path, failure) || failure;
}

void MappedFile::forget(std::span<const std::byte> part) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(part.data());
  const uintptr_t first = (begin + page - 1) / page * page, end = (begin + part.size()) / page * page;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // namespace npuspeech
