// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells the thread sanitizer of the locks and reference counts of GLib and GStreamer, whose libraries it was
// not built into: what they order would look like races. Linked into tests that it is built into alone.
#include <dlfcn.h>
#include <gst/gst.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Both, where nobody knows whether the call is the last of an object.
void pass(void* object) {
  __tsan_release(object);
  __tsan_acquire(object);
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))
#define LOCK(name, Mutex)                                \
  EXPORTED void name(Mutex* mutex) {                     \
    static auto* const real = next<void(Mutex*)>(#name); \
    real(mutex);                                         \
    __tsan_acquire(mutex);                               \
  }
#define TRYLOCK(name, Mutex)                                 \
  EXPORTED gboolean name(Mutex* mutex) {                     \
    static auto* const real = next<gboolean(Mutex*)>(#name); \
    const gboolean isLocked = real(mutex);                   \
    if (isLocked) __tsan_acquire(mutex);                     \
    return isLocked;                                         \
  }
#define UNLOCK(name, Mutex)                              \
  EXPORTED void name(Mutex* mutex) {                     \
    static auto* const real = next<void(Mutex*)>(#name); \
    __tsan_release(mutex);                               \
    real(mutex);                                         \
  }

LOCK(g_mutex_lock, GMutex)
TRYLOCK(g_mutex_trylock, GMutex)
UNLOCK(g_mutex_unlock, GMutex)
LOCK(g_rec_mutex_lock, GRecMutex)
TRYLOCK(g_rec_mutex_trylock, GRecMutex)
UNLOCK(g_rec_mutex_unlock, GRecMutex)

EXPORTED void g_cond_wait(GCond* condition, GMutex* mutex) {
  static auto* const real = next<void(GCond*, GMutex*)>("g_cond_wait");
  __tsan_release(mutex);
  real(condition, mutex);
  __tsan_acquire(mutex);
}

EXPORTED gboolean g_cond_wait_until(GCond* condition, GMutex* mutex, gint64 end) {
  static auto* const real = next<gboolean(GCond*, GMutex*, gint64)>("g_cond_wait_until");
  __tsan_release(mutex);
  const gboolean isSignalled = real(condition, mutex, end);
  __tsan_acquire(mutex);
  return isSignalled;
}

EXPORTED void g_object_unref(gpointer object) {
  static auto* const real = next<void(gpointer)>("g_object_unref");
  pass(object);
  real(object);
}

EXPORTED void gst_mini_object_unref(GstMiniObject* object) {
  static auto* const real = next<void(GstMiniObject*)>("gst_mini_object_unref");
  pass(object);
  real(object);
}

EXPORTED void g_async_queue_push(GAsyncQueue* queue, gpointer data) {
  static auto* const real = next<void(GAsyncQueue*, gpointer)>("g_async_queue_push");
  __tsan_release(queue);
  real(queue, data);
}

EXPORTED gpointer g_async_queue_pop(GAsyncQueue* queue) {
  static auto* const real = next<gpointer(GAsyncQueue*)>("g_async_queue_pop");
  gpointer const data = real(queue);
  __tsan_acquire(queue);
  return data;
}

EXPORTED gpointer g_async_queue_try_pop(GAsyncQueue* queue) {
  static auto* const real = next<gpointer(GAsyncQueue*)>("g_async_queue_try_pop");
  gpointer const data = real(queue);
  __tsan_acquire(queue);
  return data;
}

EXPORTED gpointer g_async_queue_timeout_pop(GAsyncQueue* queue, guint64 wait) {
  static auto* const real = next<gpointer(GAsyncQueue*, guint64)>("g_async_queue_timeout_pop");
  gpointer const data = real(queue, wait);
  __tsan_acquire(queue);
  return data;
}

namespace {
struct Call {
  GstElementCallAsyncFunc call;
  gpointer data;
  GDestroyNotify destroy;
};
}  // namespace

EXPORTED void gst_element_call_async(GstElement* element, GstElementCallAsyncFunc call, gpointer data,
                                     GDestroyNotify destroy) {
  static auto* const real =
      next<void(GstElement*, GstElementCallAsyncFunc, gpointer, GDestroyNotify)>("gst_element_call_async");
  auto* const wrapped = new Call{call, data, destroy};
  __tsan_release(wrapped);
  real(
      element,
      [](GstElement* self, gpointer user) {
        __tsan_acquire(user);
        const auto* const called = static_cast<Call*>(user);
        called->call(self, called->data);
      },
      wrapped,
      [](gpointer user) {
        const auto* const called = static_cast<Call*>(user);
        if (called->destroy) called->destroy(called->data);
        delete called;
      });
}
