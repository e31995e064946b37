// SPDX-License-Identifier: LGPL-2.1-or-later
// A live source that stalls while somebody speaks: what was said comes out when the clock says so.
#include <gst/check/gsttestclock.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "gst/memory/window_meta.h"
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
  /// What came until a window of that kind did, or nothing more does.
  Output takeUntil(bool gst::Window::*isKind) {
    Output all;
    for (int i = 0; i < 2000 && count(all, isKind) == 0; ++i) {
      Output some = h_.take();
      for (auto& buffer : some.buffers) all.buffers.push_back(std::move(buffer));
      for (auto& event : some.events) all.events.push_back(std::move(event));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return all;
  }
  static gst::Window windowOf(const Held<GstBuffer>& buffer) {
    gst::Window window;
    EXPECT_TRUE(gst::readWindowMeta(buffer.get(), 1500, &window));
    return window;
  }
  static size_t count(const Output& output, bool gst::Window::*isKind) {
    return static_cast<size_t>(std::count_if(output.buffers.begin(), output.buffers.end(),
                                             [&](const auto& buffer) { return windowOf(buffer).*isKind; }));
  }
  static size_t finalOnes(const Output& output) { return count(output, &gst::Window::isFinal); }
  static GstClockTime endOf(const Held<GstBuffer>& buffer) {
    return GST_BUFFER_PTS(buffer.get()) + GST_BUFFER_DURATION(buffer.get());
  }

  Harness h_;
};

TEST_F(Stall, WhatWasSaidComesOutAndMayGoOn) {
  speak(0, 3 * kSecond);
  EXPECT_EQ(count(h_.take(), &gst::Window::isStalled), 0u);
  wait(5 * kSecond);
  const Output out = takeUntil(&gst::Window::isStalled);
  ASSERT_EQ(count(out, &gst::Window::isStalled), 1u);
  EXPECT_EQ(finalOnes(out), 0u);
  EXPECT_GT(endOf(out.buffers.back()) + 60 * GST_MSECOND, 3 * kSecond) << "all that is analysed";
  speak(10 * kSecond, 13 * kSecond);
  const Output rest = h_.eos();
  ASSERT_FALSE(rest.buffers.empty());
  EXPECT_EQ(count(rest, &gst::Window::isStalled), 0u);
  const auto first = std::find_if(rest.buffers.begin(), rest.buffers.end(),
                                  [](const auto& buffer) { return windowOf(buffer).isFinal; });
  ASSERT_NE(first, rest.buffers.end());
  EXPECT_EQ(windowOf(*first).utterance, windowOf(out.buffers.back()).utterance);
  EXPECT_GT(endOf(*first), 3 * kSecond + kSecond / 10);
  EXPECT_EQ(endOf(rest.buffers.back()), 13 * kSecond) << "by the new clock";
}

TEST_F(Stall, BehindMissingAudioIsAnUtteranceOfItsOwn) {
  speak(0, 3 * kSecond);
  wait(5 * kSecond);
  takeUntil(&gst::Window::isStalled);
  auto next = audioBuffer(noise(16000), 9 * kSecond);
  GST_BUFFER_FLAG_SET(next.get(), GST_BUFFER_FLAG_DISCONT);
  ASSERT_EQ(h_.push(std::move(next)), GST_FLOW_OK);
  const Output rest = h_.eos();
  ASSERT_EQ(finalOnes(rest), 2u);
  EXPECT_EQ(endOf(rest.buffers.front()), 3 * kSecond);
  EXPECT_EQ(GST_BUFFER_PTS(rest.buffers.back().get()), 9 * kSecond);
}

TEST_F(Stall, WhoIsGoneHasSaidAll) {
  speak(0, 3 * kSecond);
  wait(5 * kSecond);
  takeUntil(&gst::Window::isStalled);
  wait(15 * kSecond);
  const Output out = takeUntil(&gst::Window::isFinal);
  ASSERT_EQ(finalOnes(out), 1u);
  EXPECT_EQ(endOf(out.buffers.back()), 3 * kSecond);
  speak(20 * kSecond, 22 * kSecond);
  const Output rest = h_.eos();
  ASSERT_EQ(finalOnes(rest), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(rest.buffers.back().get()), 20 * kSecond);
  EXPECT_TRUE(GST_BUFFER_IS_DISCONT(rest.buffers.front().get()));
}

TEST_F(Stall, GapsThatTellNothingHideNoStall) {
  speak(0, 3 * kSecond);
  for (GstClockTime now = 3 * kSecond; now < 5 * kSecond; now += kSecond / 10) {
    gst_harness_set_time(h_.get(), now);
    ASSERT_TRUE(h_.pushEvent(gst_event_new_gap(3 * kSecond, GST_CLOCK_TIME_NONE)));
  }
  const Output before = h_.take();
  ASSERT_EQ(finalOnes(before) + count(before, &gst::Window::isStalled), 0u);
  wait(5 * kSecond);
  const Output out = takeUntil(&gst::Window::isStalled);
  EXPECT_EQ(count(out, &gst::Window::isStalled), 1u);
  EXPECT_EQ(finalOnes(out), 0u);
  ASSERT_TRUE(h_.pushEvent(gst_event_new_gap(3 * kSecond, GST_CLOCK_TIME_NONE)));
  wait(15 * kSecond);
  EXPECT_EQ(finalOnes(takeUntil(&gst::Window::isFinal)), 1u);
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
