// SPDX-License-Identifier: LGPL-2.1-or-later
// Pools of tensor buffers, and how two elements agree on one in the ALLOCATION query.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "gst/core/holders.h"
#include "npu/device.h"

namespace npuspeech::gst {

/// Creates a pool of buffers with one memory each, a buffer object of `device`. The pool is configured but
/// not active, and grows as needed.
Held<GstBufferPool> newTensorPool(std::shared_ptr<npu::Device> device, GstCaps* caps, size_t bytes);

/// Answers an ALLOCATION query for a tensor with a pool of `device`, so that the producer writes into memory
/// that the device reads. False where the query has no tensor caps.
bool proposeTensorPool(GstQuery* query, std::shared_ptr<npu::Device> device);

/// Asks the peer of `pad` for a pool, and creates one of `device` where the peer offers none (as a tee). The
/// pool is active. Null where memory ran out.
Held<GstBufferPool> decideTensorPool(GstPad* pad, std::shared_ptr<npu::Device> device, GstCaps* caps,
                                     size_t bytes);

}  // namespace npuspeech::gst
