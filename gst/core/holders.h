// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners of GStreamer's reference-counted objects, of object locks and of buffer mappings.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <utility>

namespace npuspeech::gst {

struct Unref {
  void operator()(GstCaps* p) const { gst_caps_unref(p); }
  void operator()(GstClock* p) const { gst_object_unref(p); }
  void operator()(GstBuffer* p) const { gst_buffer_unref(p); }
  void operator()(GstEvent* p) const { gst_event_unref(p); }
  void operator()(GstQuery* p) const { gst_query_unref(p); }
  void operator()(GstMemory* p) const { gst_memory_unref(p); }
  void operator()(GstStructure* p) const { gst_structure_free(p); }
  void operator()(GstBufferPool* p) const { gst_object_unref(p); }
  void operator()(GstAllocator* p) const { gst_object_unref(p); }
  void operator()(GstObject* p) const { gst_object_unref(p); }
  void operator()(GstElement* p) const { gst_object_unref(p); }
  void operator()(GstPad* p) const { gst_object_unref(p); }
  void operator()(GstStream* p) const { gst_object_unref(p); }
  void operator()(GstPadTemplate* p) const { gst_object_unref(p); }
  void operator()(char* p) const { g_free(p); }
};
/// Owns one reference to an object of GStreamer.
template <class T>
using Held = std::unique_ptr<T, Unref>;

/// Holds an object's lock. Post and push nothing while it lives.
class ObjectLock {
 public:
  explicit ObjectLock(gpointer object) : object_(GST_OBJECT_CAST(object)) { GST_OBJECT_LOCK(object_); }
  ~ObjectLock() { GST_OBJECT_UNLOCK(object_); }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;

 private:
  GstObject* const object_;
};

/// Maps a buffer for as long as it lives, and is false where mapping failed. The buffer must outlive it.
class Mapped {
 public:
  Mapped(GstBuffer* buffer, GstMapFlags flags)
      : buffer_(buffer), ok_(gst_buffer_map(buffer, &info_, flags)) {}
  ~Mapped() {
    if (ok_) gst_buffer_unmap(buffer_, &info_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  explicit operator bool() const { return ok_; }
  size_t size() const { return info_.size; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(info_.data);
  }

 private:
  GstBuffer* buffer_;
  GstMapInfo info_{};
  bool ok_;
};

}  // namespace npuspeech::gst
