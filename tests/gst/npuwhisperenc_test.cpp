// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperenc: loading in the background, windows in order, interruption, and errors that pass.
#include <gst/allocators/allocators.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <future>
#include <thread>

#include "gst/memory/npu_allocator.h"
#include "gst/memory/npu_buffer_pool.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using gst::TensorFormat;
namespace fs = std::filesystem;

constexpr TensorFormat kLogMel{TensorFormat::Id::LogMel, 3000, 80};

std::string capsText(const TensorFormat& format) {
  const Held<char> text(gst_caps_to_string(gst::tensorCaps(format).get()));
  return text.get();
}

/// A window of `frames` frames of noise in ordinary memory.
Held<GstBuffer> window(int frames, GstClockTime pts, uint64_t utterance = 0, uint32_t number = 0,
                       bool isFinal = true) {
  const auto values = noise(3000 * 80, static_cast<unsigned>(frames));
  GstBuffer* buffer = gst_buffer_new_memdup(values.data(), values.size() * sizeof(float));
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(frames) * 10 * GST_MSECOND;
  gst::addWindowMeta(buffer, {{frames, 1500, {}}, utterance, number, isFinal});
  return Held<GstBuffer>(buffer);
}

/// The loading messages but for "continue".
std::vector<std::string> progress(Harness& h) {
  std::vector<std::string> steps;
  for (GstMessage* message : h.messages(GST_MESSAGE_PROGRESS)) {
    GstProgressType type;
    gchar* code = nullptr;
    gst_message_parse_progress(message, &type, &code, nullptr);
    EXPECT_STREQ(code, "loading");
    g_free(code);
    const char* names[] = {"start", "continue", "complete", "canceled", "error"};
    if (type != GST_PROGRESS_TYPE_CONTINUE) steps.emplace_back(names[type]);
  }
  return steps;
}

class NpuWhisperEnc : public ::testing::Test {
 protected:
  std::string launch() const { return "npuwhisperenc threads=1 device=cpu model=" + model_.path(); }
  TinyModel model_;
};

TEST_F(NpuWhisperEnc, EncodesEachWindowIntoItsRows) {
  Harness h(launch());
  h.setCaps(capsText(kLogMel).c_str());
  for (int frames : {1, 99, 3000})
    EXPECT_EQ(h.push(window(frames, static_cast<GstClockTime>(frames))), GST_FLOW_OK);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 3u);
  for (const auto& buffer : out.buffers) {
    gst::Window shape;
    ASSERT_TRUE(gst::readWindowMeta(buffer.get(), kTinyAudioContext, &shape));
    EXPECT_EQ(GST_BUFFER_PTS(buffer.get()), static_cast<GstClockTime>(shape.shape.frames));
    EXPECT_EQ(GST_BUFFER_DURATION(buffer.get()),
              static_cast<GstClockTime>(shape.shape.frames) * 10 * GST_MSECOND);
    const gst::Mapped map(buffer.get(), GST_MAP_READ);
    EXPECT_EQ(map.size(), 1500u * kTinyStateWidth * sizeof(float));
    const float* states = map.as<const float>();
    const auto used = static_cast<size_t>(shape.shape.rows() * kTinyStateWidth);
    EXPECT_TRUE(std::all_of(states, states + used, [](float x) { return std::isfinite(x); }));
    EXPECT_TRUE(std::any_of(states + used - kTinyStateWidth, states + used, [](float x) { return x != 0; }));
    EXPECT_TRUE(gst_is_fd_memory(gst_buffer_peek_memory(buffer.get(), 0)));
    EXPECT_NE(gst::logMelOf(buffer.get()), nullptr);
  }
  EXPECT_EQ(h.stat("windows"), 3u);
  EXPECT_EQ(h.stat("copies"), 3u) << "ordinary memory has to be copied";
}

TEST_F(NpuWhisperEnc, TheSameCapsAgainPassOnceForAStream) {
  Harness h(launch());
  for (int i = 0; i < 3; ++i) {
    const Held<GstCaps> caps(gst_caps_from_string(capsText(kLogMel).c_str()));
    if (i == 0) h.setCaps(capsText(kLogMel).c_str());
    h.pushEvent(gst_event_new_caps(caps.get()));
  }
  h.pushEvent(gst_event_new_stream_start("next"));
  const Held<GstCaps> caps(gst_caps_from_string(capsText(kLogMel).c_str()));
  h.pushEvent(gst_event_new_caps(caps.get()));
  EXPECT_EQ(h.eos().events_of(GST_EVENT_CAPS).size(), 2u);
}

TEST_F(NpuWhisperEnc, OffersAPoolWhoseMemoryItUsesWithoutACopy) {
  Harness h(launch());
  const auto caps = gst::tensorCaps(kLogMel);
  h.setCaps(capsText(kLogMel).c_str());
  const Held<GstQuery> query(gst_query_new_allocation(caps.get(), TRUE));
  ASSERT_TRUE(gst_pad_peer_query(h.get()->srcpad, query.get()));
  ASSERT_EQ(gst_query_get_n_allocation_pools(query.get()), 1u);
  GstBufferPool* offered = nullptr;
  guint size = 0, minimum = 0, maximum = 0;
  gst_query_parse_nth_allocation_pool(query.get(), 0, &offered, &size, &minimum, &maximum);
  const Held<GstBufferPool> pool(offered);
  EXPECT_EQ(size, kLogMel.bytes());
  ASSERT_TRUE(gst_buffer_pool_set_active(offered, TRUE));
  for (int i = 0; i < 5; ++i) {
    GstBuffer* buffer = nullptr;
    ASSERT_EQ(gst_buffer_pool_acquire_buffer(offered, &buffer, nullptr), GST_FLOW_OK);
    gst::addWindowMeta(buffer, {{50, 1500, {}}});
    EXPECT_EQ(h.push(Held<GstBuffer>(buffer)), GST_FLOW_OK);
  }
  EXPECT_EQ(h.eos().buffers.size(), 5u);
  EXPECT_EQ(h.stat("copies"), 0u);
  gst_buffer_pool_set_active(offered, FALSE);
}

TEST_F(NpuWhisperEnc, TellsHowLoadingGoesAndWhatComputes) {
  Harness h(launch());
  h.setCaps(capsText(kLogMel).c_str());
  const auto messages = h.messages(GST_MESSAGE_ELEMENT);
  ASSERT_EQ(messages.size(), 1u);
  const GstStructure* s = gst_message_get_structure(messages[0]);
  EXPECT_STREQ(gst_structure_get_name(s), "npuspeech/device");
  EXPECT_STREQ(gst_structure_get_string(s, "device"), "cpu");
  EXPECT_NE(gst_structure_get_string(s, "reason"), nullptr);
  const Held<char> active([&] {
    gchar* name = nullptr;
    g_object_get(h.element(), "active-device", &name, nullptr);
    return name;
  }());
  EXPECT_STREQ(active.get(), "cpu");
}

TEST_F(NpuWhisperEnc, AnswersCapsWithTheModels) {
  TinyModel wide({.melBins = 128});
  for (const auto& [path, bins] : {std::pair{model_.path(), 80}, {wide.path(), 128}}) {
    Harness h("npuwhisperenc model=" + path);
    const Held<GstCaps> caps(gst_pad_peer_query_caps(h.get()->srcpad, nullptr));
    EXPECT_EQ(gst::parseTensorCaps(caps.get()), (TensorFormat{TensorFormat::Id::LogMel, 3000, bins}));
  }
}

TEST_F(NpuWhisperEnc, RefusesATensorOfAnotherModelOnce) {
  Harness h(launch());
  gst_harness_set_src_caps_str(h.get(), capsText(kLogMel).c_str());
  gst_pad_push_event(h.get()->srcpad,
                     gst_event_new_caps(gst::tensorCaps({TensorFormat::Id::LogMel, 3000, 128}).get()));
  EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_ERROR);
  EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_ERROR);
  const auto errors = h.errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("3000, 128"), std::string::npos) << errors[0];
}

TEST_F(NpuWhisperEnc, ATensorThatIsTooSmallIsAnError) {
  Harness h(launch());
  h.setCaps(capsText(kLogMel).c_str());
  Held<GstBuffer> small(gst_buffer_new_and_alloc(100));
  gst::addWindowMeta(small.get(), {{10, 1500, {}}});
  h.push(std::move(small));
  const auto errors = h.errors(10 * GST_SECOND);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("100 bytes"), std::string::npos) << errors[0];
}

// The first window is held in its push downstream; behind it wait the others.
TEST_F(NpuWhisperEnc, ANewerPartialWindowReplacesAWaitingOneAndFinalOnesStay) {
  Harness h(launch());
  h.setCaps(capsText(kLogMel).c_str());
  const Held<GstPad> src(gst_element_get_static_pad(h.element(), "src"));
  const gulong block = gst_pad_add_probe(
      src.get(), static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  h.push(window(20, 0, 1, 0, false));
  while (!gst_pad_is_blocking(src.get())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  h.push(window(21, 1, 1, 1, false));
  h.push(window(22, 2, 1, 2, false));
  h.push(window(23, 3, 1, 3, true));
  h.push(window(24, 4, 2, 0, false));
  h.push(window(25, 5, 2, 1, false));
  gst_pad_remove_probe(src.get(), block);
  const Output out = h.eos();
  std::vector<GstClockTime> times;
  for (const auto& buffer : out.buffers) times.push_back(GST_BUFFER_PTS(buffer.get()));
  EXPECT_EQ(times, (std::vector<GstClockTime>{0, 3, 5}));
  EXPECT_EQ(h.stat("dropped"), 3u);
  const auto messages = h.messages(GST_MESSAGE_QOS);
  EXPECT_EQ(messages.size(), 3u);
  guint64 timestamp = 0, dropped = 0;
  for (GstMessage* message : messages) {
    gst_message_parse_qos(message, nullptr, nullptr, nullptr, &timestamp, nullptr);
    gst_message_parse_qos_stats(message, nullptr, nullptr, &dropped);
  }
  EXPECT_EQ(timestamp, 4u);
  EXPECT_EQ(dropped, 3u);
}

TEST_F(NpuWhisperEnc, AFlushFreesAPusherThatWaits) {
  Harness h(launch());
  h.setCaps(capsText(kLogMel).c_str());
  const Held<GstPad> src(gst_element_get_static_pad(h.element(), "src"));
  const gulong block = gst_pad_add_probe(
      src.get(), static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  std::thread pusher([&] {
    GstFlowReturn flow = GST_FLOW_OK;
    for (int i = 0; i < 20 && flow == GST_FLOW_OK; ++i)
      flow = h.push(window(20, static_cast<GstClockTime>(i)));
    EXPECT_EQ(flow, GST_FLOW_FLUSHING);
  });
  while (!gst_pad_is_blocking(src.get())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(h.pushEvent(gst_event_new_flush_start()));
  pusher.join();
  gst_pad_remove_probe(src.get(), block);
  EXPECT_TRUE(h.pushEvent(gst_event_new_flush_stop(TRUE)));
  h.take();
  h.segment(0);
  h.push(window(20, 777));
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(out.buffers[0].get()), 777u);
}

TEST_F(NpuWhisperEnc, StopsWhileDownstreamBlocks) {
  for (int i = 0; i < 20; ++i) {
    Harness h(launch());
    h.setCaps(capsText(kLogMel).c_str());
    for (int w = 0; w < 3; ++w) h.push(window(20, static_cast<GstClockTime>(w)));
  }
}

TEST_F(NpuWhisperEnc, AMissingModelIsOneErrorThatNamesItAndTheElementWorksAfterwards) {
  const auto element = newElement("npuwhisperenc model=" + model_.path());
  // In READY the model may yet be changed: this one is looked for while the stream begins.
  gst_element_set_state(element.get(), GST_STATE_READY);
  for (Held<char> device; !device; g_usleep(1000)) {
    gchar* name = nullptr;
    g_object_get(element.get(), "active-device", &name, nullptr);
    device.reset(name);
  }
  g_object_set(element.get(), "model", "/nowhere/whisper", nullptr);
  {
    Harness h(element.get());
    h.setCaps(capsText(kLogMel).c_str());
    EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_ERROR);
    EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_ERROR);
    const auto errors = h.errors();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("/nowhere/whisper"), std::string::npos) << errors[0];
    EXPECT_EQ(progress(h), (std::vector<std::string>{"start", "error"}));
  }
  g_object_set(element.get(), "model", model_.path().c_str(), nullptr);
  Harness h(element.get());
  h.setCaps(capsText(kLogMel).c_str());
  EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_OK);
  EXPECT_EQ(h.eos().buffers.size(), 1u);
  EXPECT_EQ(progress(h), (std::vector<std::string>{"start", "complete"}));
}

TEST_F(NpuWhisperEnc, TruncatedFilesAreErrorsThatNameThem) {
  for (const char* name : {"model.bin", "config.json", "vocabulary.json"}) {
    TinyModel broken;
    const std::string path = broken.path() + "/" + name;
    fs::resize_file(path, fs::file_size(path) / 2);
    const auto errors = errorsAtStart("npuwhisperenc model=" + broken.path());
    ASSERT_EQ(errors.size(), 1u) << name;
    EXPECT_NE(errors[0].find(name), std::string::npos) << errors[0];
  }
}

TEST_F(NpuWhisperEnc, AnUnknownDeviceIsAnError) {
  const auto errors = errorsAtStart("npuwhisperenc device=gpu model=" + model_.path());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("gpu"), std::string::npos) << errors[0];
}

/// Holds the loading thread in its first message until it is released.
class SlowLoading {
 public:
  explicit SlowLoading(GstElement* element) : bus_(gst_bus_new()) {
    gst_element_set_bus(element, bus_);
    gst_bus_set_sync_handler(bus_, hold, this, nullptr);
    gst_object_unref(bus_);
  }
  void release() { released_.set_value(); }

 private:
  static GstBusSyncReply hold(GstBus*, GstMessage* message, gpointer self) {
    GstProgressType type = GST_PROGRESS_TYPE_CONTINUE;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_PROGRESS)
      gst_message_parse_progress(message, &type, nullptr, nullptr);
    if (type == GST_PROGRESS_TYPE_START) static_cast<SlowLoading*>(self)->wait_.wait();
    return GST_BUS_PASS;
  }
  GstBus* bus_;
  std::promise<void> released_;
  std::shared_future<void> wait_ = released_.get_future().share();
};

TEST_F(NpuWhisperEnc, StateChangesReturnAtOnceWhileTheModelLoads) {
  const auto element = newElement(launch());
  SlowLoading slow(element.get());
  for (GstState state : {GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PAUSED})
    EXPECT_EQ(gst_element_set_state(element.get(), state), GST_STATE_CHANGE_SUCCESS);
  gchar* active = nullptr;
  g_object_get(element.get(), "active-device", &active, nullptr);
  EXPECT_EQ(active, nullptr) << "the model cannot be there yet";
  slow.release();
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

TEST_F(NpuWhisperEnc, AFlushOrAStateChangeFreesAPusherThatWaitsForTheModel) {
  for (bool flush : {true, false}) {
    const auto element = newElement(launch());
    SlowLoading slow(element.get());
    gst_element_set_state(element.get(), GST_STATE_PAUSED);
    const Held<GstPad> sink(gst_element_get_static_pad(element.get(), "sink"));
    ASSERT_TRUE(gst_pad_send_event(sink.get(), gst_event_new_stream_start("test")));
    std::thread pusher([&] {
      EXPECT_FALSE(gst_pad_send_event(sink.get(), gst_event_new_caps(gst::tensorCaps(kLogMel).get())));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (flush)
      gst_pad_send_event(sink.get(), gst_event_new_flush_start());
    else
      EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
    pusher.join();  // though the model is not there
    slow.release();
    gst_element_set_state(element.get(), GST_STATE_NULL);
  }
}

TEST_F(NpuWhisperEnc, StoppingWhileTheModelLoadsCancelsIt) {
  const auto element = newElement(launch());
  std::vector<std::string> steps;
  {
    Harness h(element.get());
    gst_element_set_state(element.get(), GST_STATE_NULL);
    steps = progress(h);
  }
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_TRUE(steps[1] == "canceled" || steps[1] == "complete") << steps[1];
  Harness h(element.get());
  h.setCaps(capsText(kLogMel).c_str());
  EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_OK);
  EXPECT_EQ(h.eos().buffers.size(), 1u);
}

TEST_F(NpuWhisperEnc, LoadsAgainWhereTheModelIsChangedInReady) {
  const auto element = newElement("npuwhisperenc model=/nowhere/whisper");
  gst_element_set_state(element.get(), GST_STATE_READY);
  g_object_set(element.get(), "model", model_.path().c_str(), nullptr);
  Harness h(element.get());
  h.setCaps(capsText(kLogMel).c_str());
  EXPECT_EQ(h.push(window(10, 0)), GST_FLOW_OK);
  EXPECT_EQ(h.eos().buffers.size(), 1u);
}

}  // namespace
}  // namespace npuspeech::test
