// SPDX-License-Identifier: LGPL-2.1-or-later
// Pools of tensor buffers, and how two elements agree on one in the ALLOCATION query.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "gst/holders.h"
#include "npu/device.h"

namespace npuspeech::gst {

/// A configured, inactive pool of one-memory buffers over buffer objects of `device`; grows as needed.
Held<GstBufferPool> newTensorPool(std::shared_ptr<npu::Device> device, GstCaps* caps, size_t bytes);

/// Answers an ALLOCATION query for a tensor with a pool of `device`, so that the producer writes where the
/// device reads. False where the query has no tensor caps.
bool proposeTensorPool(GstQuery* query, std::shared_ptr<npu::Device> device);

/// Asks `pad`'s peer for a pool, and makes one of `device` where nobody offers (behind a tee). Comes active;
/// null where memory ran out.
Held<GstBufferPool> decideTensorPool(GstPad* pad, std::shared_ptr<npu::Device> device, GstCaps* caps,
                                     size_t bytes);

}  // namespace npuspeech::gst
