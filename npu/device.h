// SPDX-License-Identifier: LGPL-2.1-or-later
// The device seam: memory that an accelerator and other processes can share by file descriptor.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace npuspeech::npu {

enum class SyncDirection { ToDevice, FromDevice };

/// A page-aligned block of memory with a file descriptor, mapped read/write for as long as it lives. The
/// memory itself may be used by several threads as their owner arranges; the object is immutable.
class BufferObject {
 public:
  virtual ~BufferObject() = default;
  BufferObject(const BufferObject&) = delete;
  BufferObject& operator=(const BufferObject&) = delete;

  /// Owned by this object; a receiver that outlives it must dup() it.
  int fd() const { return fd_; }
  /// True where fd() is a DMA-BUF, false where it is a memfd.
  bool isDmaBuf() const { return isDmaBuf_; }
  size_t size() const { return size_; }
  std::byte* data() const { return data_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

  /// Makes [offset, offset + size) as written by the CPU visible to the device, or the reverse. Call it on
  /// both sides of every run, over the bytes that changed.
  virtual Result<void> sync(SyncDirection direction, size_t offset, size_t size) = 0;

 protected:
  BufferObject() = default;
  int fd_ = -1;
  bool isDmaBuf_ = false;
  size_t size_ = 0;
  std::byte* data_ = nullptr;
};

/// A place where tensors live and windows are computed. Thread-safe.
class Device {
 public:
  virtual ~Device() = default;

  /// What runs: "cpu", later "sim", "xrt:0".
  virtual std::string_view name() const = 0;
  /// Memory of at least `size` bytes, zeroed. Errors: OutOfMemory (memory or file descriptors).
  virtual Result<std::shared_ptr<BufferObject>> allocate(size_t size) = 0;
  /// Memory that somebody else exported; the descriptor is duplicated. Errors: BadValue where the descriptor
  /// is not mappable or smaller than `size`.
  virtual Result<std::shared_ptr<BufferObject>> import(int fd, size_t size) = 0;
};

/// The CPU: sealed memfds, or DMA-BUFs through /dev/udmabuf where that exists.
std::shared_ptr<Device> openCpuDevice();

struct ChosenDevice {
  std::shared_ptr<Device> device;
  std::string reason;  // one sentence: why this one, and for `auto` what kept the NPU out
};

/// `name`: "auto", "cpu", "sim", "xrt", "xrt:N". Errors: BadValue for another name, NoDevice where the device
/// that was asked for by name is missing (with what is missing).
Result<ChosenDevice> openDevice(std::string_view name);

}  // namespace npuspeech::npu
