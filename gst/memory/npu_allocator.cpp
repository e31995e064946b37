// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/npu_allocator.h"

#include <gst/allocators/allocators.h>

#include <mutex>
#include <string>

#include "base/log.h"
#include "gst/core/boundary.h"
#include "gst/memory/memory_copy.h"

namespace {

using npuspeech::npu::BufferObject;
using npuspeech::npu::Device;

struct GstNpuAllocator {
  GstAllocator parent;
  std::shared_ptr<Device>* device;
  GstAllocator *fd_allocator, *dmabuf_allocator;
};
struct GstNpuAllocatorClass {
  GstAllocatorClass parent_class;
};

GType gst_npu_allocator_get_type();
G_DEFINE_TYPE(GstNpuAllocator, gst_npu_allocator, GST_TYPE_ALLOCATOR)

/// What a memory remembers: the buffer object under it, and the name of the device that it belongs to.
struct Backing {
  std::shared_ptr<BufferObject> object;
  std::string device;
};

GQuark backingQuark() {
  static const GQuark quark = g_quark_from_static_string("npuspeech-buffer-object");
  return quark;
}

void setBacking(GstMemory* memory, std::shared_ptr<BufferObject> object, std::string_view device) {
  gst_mini_object_set_qdata(GST_MINI_OBJECT(memory), backingQuark(),
                            new Backing{std::move(object), std::string(device)},
                            [](gpointer p) { delete static_cast<Backing*>(p); });
}

GstMemory* allocate(GstNpuAllocator* self, gsize size, const GstAllocationParams* params) {
  const gsize prefix = params ? params->prefix : 0, padding = params ? params->padding : 0;
  if (size > G_MAXSIZE - prefix || size + prefix > G_MAXSIZE - padding) return nullptr;
  const gsize total = size + prefix + padding;
  auto object = (*self->device)->allocate(total);
  if (!object) {
    npuspeech::logf(npuspeech::LogLevel::Error, "%s", object.error().message.c_str());
    return nullptr;
  }
  // The buffer object owns the descriptor and outlives every use of the memory.
  constexpr auto flags =
      static_cast<GstFdMemoryFlags>(GST_FD_MEMORY_FLAG_KEEP_MAPPED | GST_FD_MEMORY_FLAG_DONT_CLOSE);
  const int fd = (*object)->fd();
  GstMemory* memory = (*object)->isDmaBuf()
                          ? gst_dmabuf_allocator_alloc_with_flags(self->dmabuf_allocator, fd, total, flags)
                          : gst_fd_allocator_alloc(self->fd_allocator, fd, total, flags);
  if (!memory) return nullptr;
  setBacking(memory, std::move(*object), (*self->device)->name());
  if (prefix || padding) gst_memory_resize(memory, static_cast<gssize>(prefix), size);
  return memory;
}

GstMemory* gst_npu_allocator_alloc(GstAllocator* allocator, gsize size, GstAllocationParams* params) {
  return npuspeech::gst::guarded(nullptr, static_cast<GstMemory*>(nullptr), [&] {
    return allocate(reinterpret_cast<GstNpuAllocator*>(allocator), size, params);
  });
}

void gst_npu_allocator_finalize(GObject* object) {
  auto* self = reinterpret_cast<GstNpuAllocator*>(object);
  delete self->device;
  gst_object_unref(self->fd_allocator);
  gst_object_unref(self->dmabuf_allocator);
  G_OBJECT_CLASS(gst_npu_allocator_parent_class)->finalize(object);
}

void gst_npu_allocator_class_init(GstNpuAllocatorClass* klass) {
  GST_ALLOCATOR_CLASS(klass)->alloc = gst_npu_allocator_alloc;
  G_OBJECT_CLASS(klass)->finalize = gst_npu_allocator_finalize;
}

void gst_npu_allocator_init(GstNpuAllocator* self) {
  self->fd_allocator = gst_fd_allocator_new();
  self->dmabuf_allocator = gst_dmabuf_allocator_new();
}

}  // namespace

namespace npuspeech::gst {

Held<GstAllocator> newNpuAllocator(std::shared_ptr<npu::Device> device) {
  auto* self = static_cast<GstNpuAllocator*>(g_object_new(gst_npu_allocator_get_type(), nullptr));
  gst_object_ref_sink(self);
  self->device = new std::shared_ptr<npu::Device>(std::move(device));
  return Held<GstAllocator>(GST_ALLOCATOR_CAST(self));
}

std::shared_ptr<npu::BufferObject> bufferObjectOf(GstMemory* memory, npu::Device& device, size_t bytes,
                                                  std::string* why) {
  if (!gst_is_fd_memory(memory) || memory->offset != 0 || memory->size < bytes) return nullptr;
  GstMemory* owner = memory->parent ? memory->parent : memory;
  // An import replaces the backing at most once per device, but two receivers may do so at the same time:
  // read and replaced under one lock.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const auto* backing =
      static_cast<const Backing*>(gst_mini_object_get_qdata(GST_MINI_OBJECT(owner), backingQuark()));
  if (backing && backing->device == device.name() && backing->object->size() >= bytes) return backing->object;
  auto imported = device.import(gst_fd_memory_get_fd(memory), bytes);
  if (!imported) {
    if (why) *why = imported.error().message;
    return nullptr;
  }
  // The memory of our own allocator relies on its first backing for the descriptor.
  if (!backing) setBacking(owner, *imported, device.name());
  return *imported;
}

Result<std::shared_ptr<npu::BufferObject>> TensorReader::read(GstBuffer* buffer, npu::Device& device,
                                                              size_t bytes) {
  if (gst_buffer_get_size(buffer) < bytes)
    return Error{ErrorCode::BadValue, "A tensor buffer holds " + std::to_string(gst_buffer_get_size(buffer)) +
                                          " bytes where its caps and its window need " +
                                          std::to_string(bytes) + ": pass buffers on whole."};
  std::string why = "It is not a single memory with a file descriptor, whole from the beginning of its file.";
  if (gst_buffer_n_memory(buffer) == 1)
    if (auto object = bufferObjectOf(gst_buffer_peek_memory(buffer, 0), device, bytes, &why)) return object;
  return copy(buffer, device, bytes, why);
}

Result<std::shared_ptr<npu::BufferObject>> TensorReader::copy(GstBuffer* buffer, npu::Device& device,
                                                              size_t bytes, const std::string& why) {
  if (!scratch_ || scratch_.use_count() > 1 || scratch_->size() < bytes) {
    auto fresh = device.allocate(bytes);
    if (!fresh) return fresh;
    scratch_ = std::move(*fresh);
  }
  static GstDebugCategory* const performance = _gst_debug_get_category("GST_PERFORMANCE");
  GST_CAT_INFO_OBJECT(performance, element_, "Copying %" G_GSIZE_FORMAT " bytes of a tensor: %s", bytes,
                      why.c_str());
  ++copies_;
  if (auto copied = copyBytes(buffer, scratch_->data(), bytes); !copied) return copied.error();
  auto synced = scratch_->sync(npu::SyncDirection::ToDevice, 0, bytes);
  if (!synced) return synced.error();
  return scratch_;
}

}  // namespace npuspeech::gst
