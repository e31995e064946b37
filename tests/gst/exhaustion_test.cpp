// SPDX-License-Identifier: LGPL-2.1-or-later
// No memory and no threads, at any moment: an error on the bus or a slower stream, never an end of the
// process or a wait for ever; and the same elements work again afterwards.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "tests/gst/support.h"
#include "tests/support/scarce.h"

namespace {
npuspeech::test::Scarce memory, threads;
}

// These replace the program's own and those of the libraries that it is linked with. Where GCC sees into one
// of a pair only, it takes them for mismatched.
void* operator new(size_t size) {
  if (!memory.take()) throw std::bad_alloc();
  if (void* const block = std::malloc(size ? size : 1)) return block;
  throw std::bad_alloc();
}
void* operator new(size_t size, std::align_val_t alignment) {
  if (!memory.take()) throw std::bad_alloc();
  const auto step = static_cast<size_t>(alignment);
  if (void* const block = std::aligned_alloc(step, (size + step - 1) / step * step)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t, std::align_val_t) noexcept {
  std::free(block);
}

using Start = void* (*)(void*);
using Create = int(pthread_t*, const pthread_attr_t*, Start, void*);
extern "C" {
[[gnu::weak]] Create __interceptor_pthread_create;  // a sanitizer's, where it is linked in
[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                  Start start, void* argument) {
  if (!threads.take()) return EAGAIN;
  static Create* const next = __interceptor_pthread_create
                                  ? &__interceptor_pthread_create
                                  : reinterpret_cast<Create*>(dlsym(RTLD_NEXT, "pthread_create"));
  return next(thread, attributes, start, argument);
}
}

namespace npuspeech::test {
namespace {

/// GStreamer warns of threads that it could not start; what it calls a defect stays one.
void allowWarnings(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    ADD_FAILURE() << (domain ? domain : "") << ": " << message;
}

class Exhaustion : public ::testing::Test {
 protected:
  Exhaustion() {
    Scarce::isExempt = true;
    g_log_set_default_handler(allowWarnings, nullptr);
    g_thread_pool_set_max_unused_threads(0);  // each start of a task takes a thread
    play();  // makes what lives as long as the process: types, pools of threads
  }
  ~Exhaustion() override {
    memory.refill();
    threads.refill();
  }

  std::string launch() const {
    return "audiotestsrc wave=white-noise num-buffers=60 samplesperbuffer=1600 ! audio/x-raw,rate=16000 ! "
           "nputranscriber name=t vad-model=\"\" threads=3 model=" +
           model_.path() +
           " ! fakesink sync=false async=false  t.translate_src_0 ! fakesink sync=false async=false";
  }
  enum class End { Eos, Error, Refused, Nothing };
  /// Of a pipeline that plays until it ends; `Nothing`: it hangs.
  static End play(GstElement* pipeline) {
    GstBus* const bus = gst_element_get_bus(pipeline);
    Scarce::isExempt = false;
    const auto started = gst_element_set_state(pipeline, GST_STATE_PLAYING);
    Scarce::isExempt = true;
    // A refusal has its error on the bus.
    GstMessage* const message =
        gst_bus_timed_pop_filtered(bus, started == GST_STATE_CHANGE_FAILURE ? 0 : 60 * GST_SECOND,
                                   static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const End end = started == GST_STATE_CHANGE_FAILURE            ? message ? End::Error : End::Refused
                    : !message                                     ? End::Nothing
                    : GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS ? End::Eos
                                                                   : End::Error;
    Scarce::isExempt = false;
    gst_element_set_state(pipeline, GST_STATE_NULL);
    Scarce::isExempt = true;
    if (message) gst_message_unref(message);
    gst_object_unref(bus);
    return end;
  }
  End play() const { return play(newElement(launch()).get()); }

  TinyModel model_{{.says = kSays}};
};

TEST_F(Exhaustion, ThreadsThatCannotBeStartedAreAnErrorOrMissed) {
  threads.runOut(LONG_MAX);
  ASSERT_EQ(play(), End::Eos);
  const long needed = threads.taken();
  ASSERT_GT(needed, 3);
  int ended = 0, failed = 0;
  // More than were needed: GLib keeps some of its threads for a while.
  for (long count = 0; count <= needed + 10; ++count)
    for (const long failing : {LONG_MAX - count, 1L}) {
      const auto pipeline = newElement(launch());
      threads.runOut(count, count + failing);
      const End end = play(pipeline.get());
      threads.refill();
      EXPECT_TRUE(end == End::Eos || end == End::Error || end == End::Refused) << count << ": " << int(end);
      (end == End::Eos ? ended : failed)++;
      EXPECT_EQ(play(pipeline.get()), End::Eos) << count << ": it works again";
    }
  EXPECT_GT(ended, 0) << "an engine does with fewer threads";
  EXPECT_GT(failed, 0);
}

TEST_F(Exhaustion, MemoryThatRunsOutWhileItPlaysIsAnError) {
  memory.runOut(LONG_MAX);
  ASSERT_EQ(play(), End::Eos);
  const long needed = memory.taken();
  // Dense at first, then everywhere in what is left. Few enough rounds that GLib, which keeps the names of
  // all elements ever made, does not outgrow its first table of them: it leaks that one.
  for (long at = 0; at < needed; at += 1 + at / 12) {
    const auto pipeline = newElement(launch());
    memory.runOut(at, at + 1);
    const End end = play(pipeline.get());
    memory.refill();
    EXPECT_NE(end, End::Nothing) << at << " of " << needed;
    EXPECT_NE(end, End::Refused) << at << " of " << needed;
    if (at % 5 == 0) {
      EXPECT_EQ(play(pipeline.get()), End::Eos) << at << ": it works again";
    }
  }
}

TEST_F(Exhaustion, MemoryThatRunsOutWhileAnElementIsMadeAndSetUpEndsNothing) {
  for (const char* name : {"npumel", "npuwhisperenc", "npuwhisperdec", "nputranscriber"}) {
    bool isThrough = false;
    for (long at = 0; !isThrough; ++at) {
      ASSERT_LT(at, 10000);
      memory.runOut(at, at + 1);
      Scarce::isExempt = false;
      GstElement* const element = gst_element_factory_make(name, nullptr);
      for (const char* property : {"model", "device", "language", "prompt", "vad-model"})
        if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), property)) {
          gchar* value = nullptr;
          g_object_set(element, property, "a text that is longer than a string has room for", nullptr);
          g_object_get(element, property, &value, nullptr);
          g_free(value);
        }
      GstPad* const pad = gst_element_request_pad_simple(element, "translate_src_%u");
      for (GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL})
        gst_element_set_state(element, state);
      if (pad) gst_element_release_request_pad(element, pad);
      if (pad) gst_object_unref(pad);
      gst_object_unref(element);
      Scarce::isExempt = true;
      isThrough = memory.taken() <= at;
      memory.refill();
    }
  }
}

}  // namespace
}  // namespace npuspeech::test
