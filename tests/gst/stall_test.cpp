// SPDX-License-Identifier: LGPL-2.1-or-later
// A live source that stalls while somebody speaks: what was said comes out when the clock says so.
#include <gst/check/gsttestclock.h>

#include <chrono>
#include <thread>

#include "gst/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

constexpr GstClockTime kSecond = GST_SECOND;

class Stall : public ::testing::Test {
 protected:
  Stall() : h_("npumel vad-model=\"\"") {
    gst_harness_use_testclock(h_.get());
    gst_harness_set_live(h_.get(), TRUE);
    h_.setCaps(kAudioCaps);
  }

  /// Audio as it comes: at the time of its end.
  void speak(GstClockTime from, GstClockTime to) {
    for (GstClockTime at = from; at < to; at += kSecond / 10) {
      gst_harness_set_time(h_.get(), at + kSecond / 10);
      ASSERT_EQ(h_.push(audioBuffer(noise(1600), at)), GST_FLOW_OK);
    }
  }
  /// It becomes `time`, and who waits for that or less is told.
  void wait(GstClockTime time) {
    gst_harness_set_time(h_.get(), time);
    GstTestClock* clock = gst_harness_get_testclock(h_.get());
    for (GstClockTime told = 0; told < time;) {
      GstClockID pending = nullptr;
      gst_test_clock_wait_for_next_pending_id(clock, &pending);
      told = gst_clock_id_get_time(pending);
      gst_clock_id_unref(pending);
      if (told > time) break;
      gst_clock_id_unref(gst_test_clock_process_next_clock_id(clock));
    }
    gst_object_unref(clock);
  }
  /// What came until there are `windows` final ones, or nothing more does.
  Output takeFinal(size_t windows) {
    Output all;
    for (int i = 0; i < 2000 && finalOnes(all) < windows; ++i) {
      Output some = h_.take();
      for (auto& buffer : some.buffers) all.buffers.push_back(std::move(buffer));
      for (auto& event : some.events) all.events.push_back(std::move(event));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return all;
  }
  static size_t finalOnes(const Output& output) {
    size_t count = 0;
    for (const auto& buffer : output.buffers) {
      gst::Window window;
      count += gst::readWindowMeta(buffer.get(), 1500, &window) && window.isFinal;
    }
    return count;
  }

  Harness h_;
};

TEST_F(Stall, WhatWasSaidComesOutAndTheRestIsAnUtteranceOfItsOwn) {
  speak(0, 3 * kSecond);
  EXPECT_EQ(finalOnes(h_.take()), 0u);
  wait(5 * kSecond);
  const Output out = takeFinal(1);
  ASSERT_EQ(finalOnes(out), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(out.buffers.back().get()) + GST_BUFFER_DURATION(out.buffers.back().get()),
            3 * kSecond);
  speak(10 * kSecond, 12 * kSecond);
  const Output rest = h_.eos();
  ASSERT_EQ(finalOnes(rest), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(rest.buffers.back().get()), 10 * kSecond);
  EXPECT_TRUE(GST_BUFFER_IS_DISCONT(rest.buffers.front().get()));
}

TEST_F(Stall, AHesitationIsNoStall) {
  speak(0, 3 * kSecond);
  wait(4900 * GST_MSECOND);
  ASSERT_EQ(h_.push(audioBuffer(noise(32000), 3 * kSecond)), GST_FLOW_OK);
  wait(6900 * GST_MSECOND);
  ASSERT_EQ(h_.push(audioBuffer(noise(16000), 5 * kSecond)), GST_FLOW_OK);
  const Output out = h_.eos();
  EXPECT_EQ(finalOnes(out), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(out.buffers.back().get()) + GST_BUFFER_DURATION(out.buffers.back().get()),
            6 * kSecond);
}

TEST_F(Stall, APauseIsNoStall) {
  speak(0, 3 * kSecond);
  gst_element_set_state(h_.element(), GST_STATE_PAUSED);
  gst_harness_set_time(h_.get(), 60 * kSecond);
  gst_element_set_base_time(h_.element(), 57 * kSecond);
  gst_element_set_state(h_.element(), GST_STATE_PLAYING);
  ASSERT_EQ(h_.push(audioBuffer(noise(16000), 3 * kSecond)), GST_FLOW_OK);
  EXPECT_EQ(finalOnes(h_.eos()), 1u);
}

TEST_F(Stall, StopsFlushesAndStartsWhileItWaits) {
  for (GstClockTime round = 0; round < 20; ++round) {
    speak(round * kSecond, (round + 1) * kSecond);
    if (round % 2) {
      h_.flush();
      h_.segment(0);
    } else {
      gst_element_set_state(h_.element(), GST_STATE_READY);
      gst_element_set_state(h_.element(), GST_STATE_PLAYING);
      h_.pushEvent(gst_event_new_stream_start("again"));
      h_.setCaps(kAudioCaps);
      h_.segment(0);
    }
    h_.take();
  }
}

TEST(StallOfNoLiveSource, DoesNotMatter) {
  Harness h("npumel vad-model=\"\"");
  gst_harness_use_testclock(h.get());
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  GstTestClock* clock = gst_harness_get_testclock(h.get());
  EXPECT_EQ(gst_test_clock_peek_id_count(clock), 0u);
  gst_object_unref(clock);
  EXPECT_EQ(h.eos().buffers.size(), 1u);
}

}  // namespace
}  // namespace npuspeech::test
