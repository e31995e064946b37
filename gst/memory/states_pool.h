// SPDX-License-Identifier: LGPL-2.1-or-later
// The pool of buffers that npuwhisperenc writes its states to, in the device's memory.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "gst/core/holders.h"
#include "gst/memory/npu_buffer_pool.h"
#include "gst/memory/tensor_caps.h"
#include "npu/device.h"

namespace npuspeech::gst {

/// For one thread at a time.
class StatesPool {
 public:
  /// Creates the pool for tensors of `caps`. The device writes them, so the memory is the device's own, and
  /// downstream is not asked for any. Where `caps` are not those of a tensor, nothing changes.
  void configure(const std::shared_ptr<npu::Device>& device, GstCaps* caps) {
    const auto format = parseTensorCaps(caps);
    if (!format) return;
    reset();
    bytes_ = format->bytes();
    pool_ = newTensorPool(device, caps, bytes_);
    if (pool_) gst_buffer_pool_set_active(pool_.get(), TRUE);
  }

  /// Frees the pool.
  void reset() {
    if (pool_) gst_buffer_pool_set_active(pool_.get(), FALSE);
    pool_.reset();
  }

  /// Takes a buffer from the pool. Null where there is no memory.
  Held<GstBuffer> acquire() {
    GstBuffer* buffer = nullptr;
    if (!pool_ || gst_buffer_pool_acquire_buffer(pool_.get(), &buffer, nullptr) != GST_FLOW_OK)
      return nullptr;
    return Held<GstBuffer>(buffer);
  }

  /// The size of a buffer.
  size_t bytes() const { return bytes_; }

 private:
  Held<GstBufferPool> pool_;
  size_t bytes_ = 0;
};

}  // namespace npuspeech::gst
