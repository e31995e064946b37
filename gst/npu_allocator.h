// SPDX-License-Identifier: LGPL-2.1-or-later
// GstMemory over device buffer objects, and buffer objects out of GstMemory, without a copy wherever there is
// an fd.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "gst/holders.h"
#include "npu/device.h"

namespace npuspeech::gst {

/// An allocator (GstNpuAllocator) of `device`'s buffer objects. Each memory is a GstDmaBufAllocator's or a
/// GstFdAllocator's, as its descriptor is, stays mapped, and owns its buffer object. alloc fails with NULL.
Held<GstAllocator> newNpuAllocator(std::shared_ptr<npu::Device> device);

/// The buffer object behind `memory`: ours where a device of the same name made it, else an import of its
/// descriptor, which the memory then keeps. Null where it has no descriptor, does not start at its beginning,
/// holds fewer than `bytes`, or `device` refuses it: then `why` gets its reason. Thread-safe.
std::shared_ptr<npu::BufferObject> bufferObjectOf(GstMemory* memory, npu::Device& device, size_t bytes,
                                                  std::string* why = nullptr);

/// Turns the buffers that an element receives into buffer objects of its device; what cannot be imported is
/// copied, counted, and reported in category GST_PERFORMANCE. For one thread, but copies() for any.
class TensorReader {
 public:
  explicit TensorReader(GstElement* element) : element_(element) {}
  /// The first `bytes` of `buffer`. Errors: BadValue where it is smaller, or its memory cannot be read;
  /// OutOfMemory.
  Result<std::shared_ptr<npu::BufferObject>> read(GstBuffer* buffer, npu::Device& device, size_t bytes);
  uint64_t copies() const { return copies_; }

 private:
  Result<std::shared_ptr<npu::BufferObject>> copy(GstBuffer* buffer, npu::Device& device, size_t bytes,
                                                  const std::string& why);

  GstElement* element_;
  std::atomic<uint64_t> copies_{0};
  std::shared_ptr<npu::BufferObject> scratch_;  // reused once nobody else holds it
};

}  // namespace npuspeech::gst
