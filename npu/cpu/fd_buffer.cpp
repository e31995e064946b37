// SPDX-License-Identifier: LGPL-2.1-or-later
#include "npu/cpu/fd_buffer.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace npuspeech::npu {
namespace {

Error systemError(ErrorCode code, const std::string& what) {
  return {code, what + ": " + std::strerror(errno) + "."};
}

Error outOfMemory(size_t size, const char* step) {
  const bool descriptors = errno == EMFILE || errno == ENFILE;
  return systemError(ErrorCode::OutOfMemory,
                     "Cannot allocate a buffer of " + std::to_string(size) + " bytes (" + step + ")" +
                         (descriptors ? ", raise the limit of open files (ulimit -n)" : ""));
}

/// Brackets of CPU access; on anything but a DMA-BUF it fails with ENOTTY.
bool syncDmaBuf(int fd, uint64_t flags) {
  dma_buf_sync request{};
  request.flags = flags | DMA_BUF_SYNC_RW;
  int result = 0;
  do result = ioctl(fd, DMA_BUF_IOCTL_SYNC, &request);
  while (result != 0 && (errno == EINTR || errno == EAGAIN));
  return result == 0;
}

/// Bytes behind `fd`, or -1. A DMA-BUF reports its size to lseek; a plain file must not have its position
/// moved.
int64_t sizeOf(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return -1;
  if (S_ISREG(status.st_mode) && status.st_size > 0) return status.st_size;
  return lseek(fd, 0, SEEK_END);
}

/// Whether its owner can take memory away under a mapping, which would end the process with SIGBUS. A DMA-BUF
/// keeps its size; of files, a memfd that is sealed does.
bool canShrink(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals < 0 || !(seals & F_SEAL_SHRINK);
}

Result<int> makeMemfd(size_t size) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (size > static_cast<size_t>(std::numeric_limits<off_t>::max()) - page) {
    errno = ENOMEM;
    return outOfMemory(size, "size");
  }
  const size_t bytes = size == 0 ? page : (size + page - 1) / page * page;
  const int fd = memfd_create("npuspeech", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return outOfMemory(size, "memfd_create");
  // The last seal keeps a receiver from sealing it against the writes of the others.
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0 ||
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const Error error = outOfMemory(size, "ftruncate");
    close(fd);
    return error;
  }
  return fd;
}

}  // namespace

FdBuffer::~FdBuffer() {
  if (data_) munmap(data_, size_);
  if (fd_ >= 0) close(fd_);
}

Result<std::shared_ptr<BufferObject>> FdBuffer::map(int fd, size_t size) {
  std::shared_ptr<FdBuffer> buffer(new FdBuffer);
  buffer->fd_ = fd;
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    if (errno == ENOMEM) return outOfMemory(size, "mmap");
    return systemError(ErrorCode::BadValue,
                       "Cannot map descriptor " + std::to_string(fd) + " for reading and writing");
  }
  buffer->data_ = static_cast<std::byte*>(data);
  buffer->size_ = size;
  // The CPU owns a new buffer until it is synced to the device: the bracket opens here.
  buffer->isDmaBuf_ = syncDmaBuf(fd, DMA_BUF_SYNC_START);
  return std::shared_ptr<BufferObject>(std::move(buffer));
}

Result<std::shared_ptr<BufferObject>> FdBuffer::createMemfd(size_t size) {
  auto memfd = makeMemfd(size);
  if (!memfd) return memfd.error();
  return map(*memfd, static_cast<size_t>(sizeOf(*memfd)));
}

Result<std::shared_ptr<BufferObject>> FdBuffer::createUdmabuf(int udmabuf, size_t size) {
  auto memfd = makeMemfd(size);
  if (!memfd) return memfd.error();
  const auto bytes = static_cast<size_t>(sizeOf(*memfd));
  udmabuf_create request{};
  request.memfd = static_cast<uint32_t>(*memfd);
  request.flags = UDMABUF_FLAGS_CLOEXEC;
  request.size = bytes;
  const int fd = ioctl(udmabuf, UDMABUF_CREATE, &request);
  const int failure = errno;
  close(*memfd);  // the DMA-BUF holds the pages
  errno = failure;
  if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) return outOfMemory(size, "udmabuf");
  if (fd < 0)
    return systemError(ErrorCode::Unsupported,
                       "/dev/udmabuf refuses a buffer of " + std::to_string(bytes) + " bytes");
  return map(fd, bytes);
}

Result<std::shared_ptr<BufferObject>> FdBuffer::import(int fd, size_t size) {
  const std::string name = "Descriptor " + std::to_string(fd);
  if (canShrink(fd))
    return Error{ErrorCode::Unsupported,
                 name +
                     " is a file that its owner can shrink: only a memfd with the seal F_SEAL_SHRINK, or a "
                     "DMA-BUF, can be used without a copy."};
  const int64_t bytes = sizeOf(fd);
  if (bytes < 0) return systemError(ErrorCode::BadValue, name + " is not memory that can be mapped");
  if (size == 0 || static_cast<uint64_t>(bytes) < size)
    return Error{ErrorCode::BadValue, name + " holds " + std::to_string(bytes) + " bytes, not the " +
                                          std::to_string(size) + " that are expected."};
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return outOfMemory(size, "dup");
  return map(own, static_cast<size_t>(bytes));
}

Result<void> FdBuffer::sync(SyncDirection direction, size_t offset, size_t size) {
  if (offset > size_ || size > size_ - offset)
    return Error{ErrorCode::BadValue, "Sync of " + std::to_string(size) + " bytes at " +
                                          std::to_string(offset) + " reaches beyond a buffer of " +
                                          std::to_string(size_) + " bytes."};
  // The kernel's bracket has no range. A memfd is ordinary memory, and needs none.
  if (isDmaBuf_ &&
      !syncDmaBuf(fd_, direction == SyncDirection::ToDevice ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START))
    return systemError(ErrorCode::DeviceFailed, "Cannot sync a DMA-BUF");
  return {};
}

}  // namespace npuspeech::npu
