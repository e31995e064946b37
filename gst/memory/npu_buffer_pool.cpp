// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/npu_buffer_pool.h"

#include "gst/memory/npu_allocator.h"
#include "gst/memory/tensor_caps.h"

namespace npuspeech::gst {
namespace {

/// A window is written while others wait in queues, whose bounds bound the pool too.
constexpr guint kMinBuffers = 2, kNoMaximum = 0;

Held<GstBufferPool> offeredPool(GstPad* pad, GstCaps* caps, size_t bytes) {
  const Held<GstQuery> query(gst_query_new_allocation(caps, TRUE));
  if (!gst_pad_peer_query(pad, query.get()) || gst_query_get_n_allocation_pools(query.get()) == 0)
    return nullptr;
  GstBufferPool* offered = nullptr;
  guint size = 0, minimum = 0, maximum = 0;
  gst_query_parse_nth_allocation_pool(query.get(), 0, &offered, &size, &minimum, &maximum);
  Held<GstBufferPool> pool(offered);
  if (!pool || size < bytes) return nullptr;
  GstStructure* config = gst_buffer_pool_get_config(offered);
  gst_buffer_pool_config_set_params(config, caps, size, MAX(minimum, kMinBuffers), maximum);
  if (!gst_buffer_pool_set_config(offered, config)) return nullptr;
  return pool;
}

}  // namespace

Held<GstBufferPool> newTensorPool(std::shared_ptr<npu::Device> device, GstCaps* caps, size_t bytes) {
  const auto allocator = newNpuAllocator(std::move(device));
  Held<GstBufferPool> pool(gst_buffer_pool_new());
  GstStructure* config = gst_buffer_pool_get_config(pool.get());
  gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(bytes), kMinBuffers, kNoMaximum);
  gst_buffer_pool_config_set_allocator(config, allocator.get(), nullptr);
  if (!gst_buffer_pool_set_config(pool.get(), config)) return nullptr;
  return pool;
}

bool proposeTensorPool(GstQuery* query, std::shared_ptr<npu::Device> device) {
  GstCaps* caps = nullptr;
  gboolean needPool = FALSE;
  gst_query_parse_allocation(query, &caps, &needPool);
  const auto format = parseTensorCaps(caps);
  if (!format) return false;
  const auto bytes = static_cast<guint>(format->bytes());
  Held<GstBufferPool> pool;
  if (needPool) pool = newTensorPool(device, caps, bytes);
  const auto allocator = newNpuAllocator(std::move(device));
  gst_query_add_allocation_pool(query, pool.get(), bytes, kMinBuffers, kNoMaximum);
  gst_query_add_allocation_param(query, allocator.get(), nullptr);
  return true;
}

Held<GstBufferPool> decideTensorPool(GstPad* pad, std::shared_ptr<npu::Device> device, GstCaps* caps,
                                     size_t bytes) {
  auto pool = offeredPool(pad, caps, bytes);
  if (pool && gst_buffer_pool_set_active(pool.get(), TRUE)) return pool;
  pool = newTensorPool(std::move(device), caps, bytes);
  if (!pool || !gst_buffer_pool_set_active(pool.get(), TRUE)) return nullptr;
  return pool;
}

}  // namespace npuspeech::gst
