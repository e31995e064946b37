// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface of a device: its memory, which is shared with other devices and processes by file descriptor.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace npuspeech::npu {

/// The side that sees the bytes after a sync.
enum class SyncDirection { ToDevice, FromDevice };

/// A page-aligned block of memory with a file descriptor, mapped for reading and writing while the object
/// lives. The object is immutable. Its memory may be used by several threads, which must agree among
/// themselves.
class BufferObject {
 public:
  virtual ~BufferObject() = default;
  BufferObject(const BufferObject&) = delete;
  BufferObject& operator=(const BufferObject&) = delete;

  /// The file descriptor, which this object owns. A receiver that outlives the object must dup() it.
  int fd() const { return fd_; }
  /// Whether fd() is a DMA-BUF; otherwise it is a memfd.
  bool isDmaBuf() const { return isDmaBuf_; }
  size_t size() const { return size_; }
  std::byte* data() const { return data_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

  /// Makes the bytes [offset, offset + size) that the CPU has written visible to the device, or the reverse.
  /// Call it before and after every run of the device, for the bytes that changed. Errors: BadValue where the
  /// range is outside; DeviceFailed.
  virtual Result<void> sync(SyncDirection direction, size_t offset, size_t size) = 0;

 protected:
  BufferObject() = default;
  int fd_ = -1;
  bool isDmaBuf_ = false;
  size_t size_ = 0;
  std::byte* data_ = nullptr;
};

/// A device that computes windows, and the memory that their tensors are in. Thread-safe.
class Device {
 public:
  virtual ~Device() = default;

  /// The name of the device: "cpu".
  virtual std::string_view name() const = 0;
  /// Allocates at least `size` bytes, zeroed. Errors: OutOfMemory (memory or file descriptors).
  virtual Result<std::shared_ptr<BufferObject>> allocate(size_t size) = 0;
  /// Imports memory that another device or process has exported, and duplicates its descriptor. Errors:
  /// BadValue where the descriptor cannot be mapped or is smaller than `size`; Unsupported where its owner
  /// could shrink it; OutOfMemory.
  virtual Result<std::shared_ptr<BufferObject>> import(int fd, size_t size) = 0;
};

/// Opens the CPU as a device. Its memory is sealed memfds, or DMA-BUFs from /dev/udmabuf where that exists.
std::shared_ptr<Device> openCpuDevice();

/// A device, and why it was chosen.
struct ChosenDevice {
  std::shared_ptr<Device> device;
  /// A sentence that says why this device was chosen, and for "auto" why not the NPU.
  std::string reason;
};

/// Opens the device that `name` asks for: "auto", "cpu", "sim", "xrt", "xrt:N". Errors: BadValue for another
/// name; NoDevice where the named device is missing, with the reason.
Result<ChosenDevice> openDevice(std::string_view name);

}  // namespace npuspeech::npu
