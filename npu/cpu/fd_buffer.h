// SPDX-License-Identifier: LGPL-2.1-or-later
// A buffer object over any descriptor that the CPU can map: a sealed memfd, a DMA-BUF, or memory of another
// process.
#pragma once

#include "npu/device.h"

namespace npuspeech::npu {

class FdBuffer final : public BufferObject {
 public:
  /// A zeroed memfd of at least `size` bytes, in whole pages, that nobody can shrink, grow or seal against
  /// writing. Errors: OutOfMemory.
  static Result<std::shared_ptr<BufferObject>> createMemfd(size_t size);
  /// The same memory as a DMA-BUF, by /dev/udmabuf. `udmabuf`: that device, open. Errors: OutOfMemory;
  /// Unsupported where the kernel refuses (its limits are module parameters: 1024 pages lists of at most 64
  /// MB by default).
  static Result<std::shared_ptr<BufferObject>> createUdmabuf(int udmabuf, size_t size);
  /// Duplicates and maps `fd`. Errors: BadValue where it is not mappable or holds less than `size` bytes;
  /// Unsupported where its owner could shrink it under the mapping (a file, or a memfd that is not sealed
  /// against that); OutOfMemory.
  static Result<std::shared_ptr<BufferObject>> import(int fd, size_t size);

  ~FdBuffer() override;
  Result<void> sync(SyncDirection direction, size_t offset, size_t size) override;

 private:
  FdBuffer() = default;
  /// Takes `fd` over, closing it on failure too.
  static Result<std::shared_ptr<BufferObject>> map(int fd, size_t size);
};

}  // namespace npuspeech::npu
