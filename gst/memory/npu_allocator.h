// SPDX-License-Identifier: LGPL-2.1-or-later
// Wraps device buffer objects as GstMemory, and finds or imports the buffer object of a GstMemory. Memory
// with a file descriptor is never copied.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "gst/core/holders.h"
#include "npu/device.h"

namespace npuspeech::gst {

/// Creates an allocator (GstNpuAllocator) of `device`'s buffer objects. Each memory belongs to a
/// GstDmaBufAllocator or a GstFdAllocator, as its descriptor is a DMA-BUF or not. It stays mapped, and owns
/// its buffer object. A failed allocation returns NULL.
Held<GstAllocator> newNpuAllocator(std::shared_ptr<npu::Device> device);

/// Returns the buffer object behind `memory`: its own where a device of the same name made it, else an import
/// of its descriptor, which the memory then keeps. Null where the memory has no descriptor, does not start at
/// the beginning of its file, holds fewer than `bytes`, or where `device` refuses it; `why` gets the device's
/// reason. Thread-safe.
std::shared_ptr<npu::BufferObject> bufferObjectOf(GstMemory* memory, npu::Device& device, size_t bytes,
                                                  std::string* why = nullptr);

/// Turns the buffers that an element receives into buffer objects of its device. What cannot be imported is
/// copied, counted, and logged in category GST_PERFORMANCE. Calls are for one thread; copies() is for any.
class TensorReader {
 public:
  explicit TensorReader(GstElement* element) : element_(element) {}
  /// Returns the first `bytes` of `buffer` as a buffer object. Errors: BadValue where the buffer is smaller
  /// or cannot be read; OutOfMemory.
  Result<std::shared_ptr<npu::BufferObject>> read(GstBuffer* buffer, npu::Device& device, size_t bytes);
  /// The number of buffers that were copied so far.
  uint64_t copies() const { return copies_; }

 private:
  Result<std::shared_ptr<npu::BufferObject>> copy(GstBuffer* buffer, npu::Device& device, size_t bytes,
                                                  const std::string& why);

  GstElement* element_;
  std::atomic<uint64_t> copies_{0};
  /// The memory of the last copy, which is reused once this is its only owner.
  std::shared_ptr<npu::BufferObject> scratch_;
};

}  // namespace npuspeech::gst
