// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/memory_copy.h"

#include <gst/allocators/allocators.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace npuspeech::gst {
namespace {

/// The file behind `memory`, or -1.
int fileOf(GstMemory* memory) {
  if (!gst_is_fd_memory(memory)) return -1;
  const int fd = gst_fd_memory_get_fd(memory);
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fd : -1;
}

Result<void> readFile(int fd, size_t offset, std::byte* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t count = pread(fd, to, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return Error{ErrorCode::BadValue,
                   "A tensor's memory, descriptor " + std::to_string(fd) + ", " +
                       (count == 0 ? std::string("is shorter than its buffer says")
                                   : std::string("cannot be read: ") + std::strerror(errno)) +
                       ": keep it whole while its buffer is in use."};
    to += count;
    offset += static_cast<size_t>(count);
    bytes -= static_cast<size_t>(count);
  }
  return {};
}

Result<void> copyMemory(GstMemory* memory, std::byte* to, size_t bytes) {
  if (const int fd = fileOf(memory); fd >= 0) return readFile(fd, memory->offset, to, bytes);
  GstMapInfo map;
  if (!gst_memory_map(memory, &map, GST_MAP_READ))
    return Error{
        ErrorCode::BadValue,
        "A tensor's memory cannot be mapped for reading: pass tensors in memory that the CPU can read."};
  std::memcpy(to, map.data, bytes);
  gst_memory_unmap(memory, &map);
  return {};
}

}  // namespace

Result<void> copyBytes(GstBuffer* buffer, std::byte* to, size_t bytes) {
  for (guint i = 0; bytes > 0 && i < gst_buffer_n_memory(buffer); ++i) {
    GstMemory* const memory = gst_buffer_peek_memory(buffer, i);
    const size_t count = std::min<size_t>(bytes, memory->size);
    if (auto copied = copyMemory(memory, to, count); !copied) return copied;
    to += count;
    bytes -= count;
  }
  return {};
}

}  // namespace npuspeech::gst
