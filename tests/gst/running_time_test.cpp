// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipelines that start: all elements have the clock before the first of them has its base time.
#include <gst/check/gsttestclock.h>

#include <chrono>
#include <thread>

#include "gst/core/running_time.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

/// The machine was started long ago.
constexpr GstClockTime kClock = 5000 * GST_SECOND;

/// An element that has its clock, at kClock, but is paused and has no base time.
class Starting : public Harness {
 public:
  explicit Starting(const std::string& launch) : Harness(launch) {
    gst_element_set_state(element(), GST_STATE_PAUSED);
    gst_harness_use_testclock(get());
    gst_harness_set_live(get(), TRUE);
    gst_harness_set_time(get(), kClock);
  }
  void play() {
    gst_element_set_base_time(element(), kClock);
    gst_element_set_state(element(), GST_STATE_PLAYING);
  }
};

TEST(RunningTime, IsKnownWhileAnElementPlays) {
  Starting h("npumel vad-model=\"\"");
  EXPECT_EQ(gst::runningTime(h.element()), GST_CLOCK_TIME_NONE);
  h.play();
  EXPECT_EQ(gst::runningTime(h.element()), 0u);
  gst_harness_set_time(h.get(), kClock + GST_SECOND);
  EXPECT_EQ(gst::runningTime(h.element()), GST_SECOND);
  gst_element_set_state(h.element(), GST_STATE_PAUSED);
  EXPECT_EQ(gst::runningTime(h.element()), GST_CLOCK_TIME_NONE);
}

TEST(RunningTime, MayCountFromTheClocksZero) {
  Starting h("npumel vad-model=\"\"");
  gst_element_set_state(h.element(), GST_STATE_PLAYING);
  EXPECT_EQ(gst::runningTime(h.element()), kClock);
}

TEST(RunningTime, IsNoneWithoutAClock) {
  const auto element = newElement("npumel vad-model=\"\"");
  gst_element_set_state(element.get(), GST_STATE_PLAYING);
  EXPECT_EQ(gst::runningTime(element.get()), GST_CLOCK_TIME_NONE);
  gst_element_set_state(element.get(), GST_STATE_NULL);
}

TEST(RunningTime, TextIsNotLateByWhatCameBeforeThePipelinePlayed) {
  const TinyModel model({.says = kSays});
  Starting h("npuwhisperdec threads=1 language=en model=" + model.path());
  const gst::TensorFormat format{gst::TensorFormat::Id::EncoderStates, kTinyAudioContext, kTinyStateWidth};
  const Held<char> caps(gst_caps_to_string(gst::tensorCaps(format).get()));
  h.setCaps(caps.get());
  h.play();
  const auto values = noise(1500 * kTinyStateWidth, 7);
  GstBuffer* buffer = gst_buffer_new_memdup(values.data(), values.size() * sizeof(float));
  GST_BUFFER_PTS(buffer) = 0;
  GST_BUFFER_DURATION(buffer) = 3 * GST_SECOND;
  gst::addWindowMeta(buffer, {{300, 1500, {}}, 0, 0, true});
  gst_harness_set_time(h.get(), kClock + 3 * GST_SECOND);
  h.push(Held<GstBuffer>(buffer));
  EXPECT_EQ(h.eos().joined(), kSaid);
  guint delayMs = 0;
  g_object_get(h.element(), "max-observed-delay", &delayMs, nullptr);
  EXPECT_LE(delayMs, 3000u);
  EXPECT_TRUE(h.messages(GST_MESSAGE_WARNING).empty());
}

TEST(RunningTime, WhatCameBeforeThePipelinePlayedPutsNoStallOff) {
  Starting h("npumel vad-model=\"\"");
  GstTestClock* clock = gst_harness_get_testclock(h.get());
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000), 0);
  h.play();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(gst_test_clock_peek_id_count(clock), 0u);
  gst_harness_set_time(h.get(), kClock + 2 * GST_SECOND);
  h.pushAudio(noise(16000), GST_SECOND);
  GstClockID pending = nullptr;
  gst_test_clock_wait_for_next_pending_id(clock, &pending);
  EXPECT_EQ(gst_clock_id_get_time(pending), kClock + 4 * GST_SECOND);
  gst_clock_id_unref(pending);
  gst_object_unref(clock);
}

}  // namespace
}  // namespace npuspeech::test
