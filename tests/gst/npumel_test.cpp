// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel: audio is covered once by windows and gaps, whatever happens to the stream. Longer than most because
// all of its promises are checked by one set of helpers.
#include <gst/allocators/allocators.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "gst/core/events.h"
#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using gst::readWindowMeta;
using gst::TensorFormat;
using gst::Window;

constexpr char kLaunch[] = "npumel vad-model=\"\"";
constexpr GstClockTime kSecond = GST_SECOND;

Window windowOf(const Held<GstBuffer>& buffer) {
  Window window;
  EXPECT_TRUE(readWindowMeta(buffer.get(), 1500, &window));
  return window;
}

GstClockTime startOf(const Held<GstBuffer>& buffer) {
  return GST_BUFFER_PTS(buffer.get());
}
GstClockTime endOf(const Held<GstBuffer>& buffer) {
  return GST_BUFFER_PTS(buffer.get()) + GST_BUFFER_DURATION(buffer.get());
}

GstClockTime gapTotal(const Output& output) {
  GstClockTime total = 0;
  for (GstEvent* event : output.events_of(GST_EVENT_GAP)) {
    GstClockTime start = 0, duration = 0;
    gst_event_parse_gap(event, &start, &duration);
    total += duration;
  }
  return total;
}

GstClockTime windowTotal(const Output& output) {
  GstClockTime total = 0;
  for (const auto& buffer : output.buffers) total += GST_BUFFER_DURATION(buffer.get());
  return total;
}

std::optional<gst::TensorFormat> formatIn(const Output& output) {
  const auto events = output.events_of(GST_EVENT_CAPS);
  if (events.empty()) return {};
  GstCaps* caps = nullptr;
  gst_event_parse_caps(events.back(), &caps);
  return gst::parseTensorCaps(caps);
}

TensorFormat logMel(int bins) {
  return {TensorFormat::Id::LogMel, 3000, bins};
}

TEST(NpuMel, CoversAudioOnceWithFinalWindows) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(noise(70 * 16000)), GST_FLOW_OK);
  const Output out = h.eos();
  ASSERT_GE(out.buffers.size(), 3u);
  GstClockTime at = 0;
  for (const auto& buffer : out.buffers) {
    EXPECT_EQ(startOf(buffer), at);
    at = endOf(buffer);
    const Window window = windowOf(buffer);
    EXPECT_TRUE(window.isFinal);
    EXPECT_EQ(window.number, 0u);
    EXPECT_LE(window.shape.frames, 3000);
    EXPECT_NEAR(static_cast<double>(GST_BUFFER_DURATION(buffer.get())) / 1e7, window.shape.frames, 1.0);
    EXPECT_EQ(gst_buffer_get_size(buffer.get()), 960000u);
    EXPECT_TRUE(gst_is_fd_memory(gst_buffer_peek_memory(buffer.get(), 0)));
  }
  EXPECT_EQ(at, 70 * kSecond);
  EXPECT_EQ(h.stat("windows"), out.buffers.size());
  EXPECT_EQ(formatIn(out), logMel(80));
}

TEST(NpuMel, TakesTheMelBinsThatDownstreamWants) {
  Harness h(kLaunch);
  gst_harness_set_sink_caps_str(h.get(), NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000,128>");
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(formatIn(out), logMel(128));
  EXPECT_EQ(gst_buffer_get_size(out.buffers[0].get()), 3000u * 128 * 4);
}

TEST(NpuMel, EventsComeInGStreamersOrder) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(1600));
  const Output out = h.eos();
  std::vector<GstEventType> order;
  for (const auto& event : out.events) order.push_back(GST_EVENT_TYPE(event.get()));
  EXPECT_EQ(order, (std::vector<GstEventType>{GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT,
                                              GST_EVENT_CUSTOM_DOWNSTREAM, GST_EVENT_EOS}));
}

// Every length around the borders of frames (160), detector frames (512) and windows (480000).
TEST(NpuMel, EndOfStreamAtAnyMomentLosesNothing) {
  const auto samples = noise(481200);
  for (size_t length :
       {1u,    159u,   160u,   161u,   399u,    400u,    511u,    512u,    513u,    1599u,  1601u,
        8191u, 16000u, 16001u, 40007u, 479840u, 479999u, 480000u, 480001u, 480161u, 481199u}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    ASSERT_EQ(h.pushAudio({samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(length)}, 0, 1000),
              GST_FLOW_OK);
    const Output out = h.eos();
    EXPECT_EQ(windowTotal(out) + gapTotal(out), length * kSample) << length;
    EXPECT_GE(out.buffers.size(), 1u) << length;
  }
}

TEST(NpuMel, AStreamWithoutAudioEnds) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  EXPECT_TRUE(h.eos().buffers.empty());
}

TEST(NpuMel, TimesAreThoseOfTheAudio) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.segment(100 * kSecond);
  h.pushAudio(noise(32000), 100 * kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(startOf(out.buffers[0]), 100 * kSecond);
  EXPECT_EQ(endOf(out.buffers[0]), 102 * kSecond);
  GstSegment segment;
  gst_event_copy_segment(out.events_of(GST_EVENT_SEGMENT).back(), &segment);
  EXPECT_EQ(segment.start, 100 * kSecond);
}

TEST(NpuMel, AudioBeforeTheSegmentIsLeftOut) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.segment(10 * kSecond);
  h.pushAudio(noise(5 * 16000), 7 * kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(startOf(out.buffers[0]), 10 * kSecond);
  EXPECT_EQ(endOf(out.buffers[0]), 12 * kSecond);
}

TEST(NpuMel, MissingAudioEndsTheWindowAndBecomesAGap) {
  for (bool flagged : {false, true}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(16000));
    auto late = audioBuffer(noise(16000), 5 * kSecond);
    if (flagged) GST_BUFFER_FLAG_SET(late.get(), GST_BUFFER_FLAG_DISCONT);
    h.push(std::move(late));
    const Output out = h.eos();
    ASSERT_EQ(out.buffers.size(), 2u);
    EXPECT_EQ(endOf(out.buffers[0]), kSecond);
    EXPECT_EQ(startOf(out.buffers[1]), 5 * kSecond);
    EXPECT_TRUE(GST_BUFFER_IS_DISCONT(out.buffers[1].get()));
    EXPECT_NE(windowOf(out.buffers[0]).utterance, windowOf(out.buffers[1]).utterance);
    EXPECT_EQ(gapTotal(out), 4 * kSecond);
  }
}

TEST(NpuMel, AShortHoleIsSilenceInsideTheAudio) {
  for (const GstClockTime hole : {kSecond / 50, kSecond}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(16000));
    auto late = audioBuffer(noise(16000), kSecond + hole);
    GST_BUFFER_FLAG_SET(late.get(), GST_BUFFER_FLAG_DISCONT);
    h.push(std::move(late));
    const Output out = h.eos();
    ASSERT_EQ(out.buffers.size(), 1u);
    EXPECT_EQ(endOf(out.buffers[0]), 2 * kSecond + hole);
    EXPECT_EQ(gapTotal(out), 0u);
  }
}

TEST(NpuMel, DiscontAtTheRightTimeIsNoBreak) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  auto next = audioBuffer(noise(16000), kSecond);
  GST_BUFFER_FLAG_SET(next.get(), GST_BUFFER_FLAG_DISCONT);
  h.push(std::move(next));
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(endOf(out.buffers[0]), 2 * kSecond);
}

// What rtpjitterbuffer and a decoder make of a lost packet.
TEST(NpuMel, AGapAndThenDiscontIsSilenceInTheAudio) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  for (GstClockTime i = 0; i < 100; ++i) {
    const GstClockTime at = i * 20 * GST_MSECOND;
    if (i % 10 == 5) {
      EXPECT_TRUE(h.pushEvent(gst_event_new_gap(at, 20 * GST_MSECOND)));
      continue;
    }
    auto buffer = audioBuffer(noise(320), at);
    if (i % 10 == 6) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
    h.push(std::move(buffer));
  }
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(endOf(out.buffers[0]), 2 * kSecond);
}

TEST(NpuMel, SoundWithoutTimesBeginsWhereTheSegmentDoes) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  h.flush();
  h.segment(100 * kSecond);
  h.push(audioBuffer(noise(16000), GST_CLOCK_TIME_NONE));
  h.segment(200 * kSecond);
  h.push(audioBuffer(noise(16000), GST_CLOCK_TIME_NONE));
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 2u);
  EXPECT_EQ(startOf(out.buffers[0]), 100 * kSecond);
  EXPECT_EQ(startOf(out.buffers[1]), 200 * kSecond);
}

TEST(NpuMel, ASegmentThatChangesNothingInterruptsNothing) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  for (GstClockTime i = 0; i < 4; ++i) {
    segment.duration = segment.position = i * kSecond;
    h.pushEvent(gst_event_new_segment(&segment));
    h.pushAudio(noise(16000), i * kSecond);
  }
  ASSERT_EQ(h.eos().buffers.size(), 1u);
}

TEST(NpuMel, TimesThatAreNoneAreLeftOut) {
  for (const GstClockTime at : {GST_CLOCK_TIME_NONE - 1, static_cast<GstClockTime>(G_MAXINT64),
                                static_cast<GstClockTime>(G_MAXINT64) + 1}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(16000));
    auto odd = audioBuffer(noise(16000), at);
    GST_BUFFER_DURATION(odd.get()) = at;
    h.push(std::move(odd));
    h.pushEvent(gst_event_new_gap(at, at));
    h.pushEvent(gst_event_new_gap(kSecond, at));
    h.pushAudio(noise(16000), 2 * kSecond);
    const Output out = h.eos();
    ASSERT_FALSE(out.buffers.empty());
    EXPECT_EQ(startOf(out.buffers[0]), 0u);
    EXPECT_EQ(windowTotal(out), 3 * kSecond);
  }
}

// One alone would be in the voice detector for good, and drown what is said around it.
TEST(NpuMel, SamplesThatAreNoSoundAreClicksAndOneWarning) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), -1e30f, 1e9f}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    auto samples = noise(3 * 16000);
    samples[8000] = samples[8001] = samples[40000] = bad;
    h.pushAudio(samples);
    const Output out = h.eos();
    ASSERT_EQ(out.buffers.size(), 1u);
    const gst::Mapped map(out.buffers[0].get(), GST_MAP_READ);
    const std::span frames(map.as<const float>(), 80u * 300u);
    EXPECT_TRUE(std::all_of(frames.begin(), frames.end(), [](float x) { return std::abs(x) < 4; }));
    EXPECT_EQ(h.messages(GST_MESSAGE_WARNING).size(), 1u);
    EXPECT_TRUE(h.errors().empty());
  }
}

TEST(NpuMel, TimeMayGoBack) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000), 5 * kSecond);
  h.pushAudio(noise(16000), kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 2u);
  EXPECT_EQ(startOf(out.buffers[0]), 5 * kSecond);
  EXPECT_EQ(startOf(out.buffers[1]), kSecond);
}

TEST(NpuMel, JitterIsNotAGap) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  for (GstClockTime i = 0; i < 20; ++i)
    h.push(audioBuffer(noise(1600), i * 100 * GST_MSECOND + (i % 2 ? 150 * GST_MSECOND : 0)));
  auto untimed = audioBuffer(noise(1600), GST_CLOCK_TIME_NONE);
  h.push(std::move(untimed));
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(GST_BUFFER_DURATION(out.buffers[0].get()), 2100 * GST_MSECOND);
}

TEST(NpuMel, AShortGapEventIsSilenceInTheWindow) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(kSecond, 500 * GST_MSECOND)));
  h.pushAudio(noise(16000), 1500 * GST_MSECOND);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(endOf(out.buffers[0]), 2500 * GST_MSECOND);
}

/// 100 packets of 20 ms of which 10 are lost in bursts of two, each with a GAP that says `duration`.
Output lossy(bool isLive, GstClockTime duration, bool isFlagged) {
  Harness h(kLaunch);
  gst_harness_set_live(h.get(), isLive);
  h.setCaps(kAudioCaps);
  for (GstClockTime i = 0; i < 100; ++i) {
    const GstClockTime at = i * 20 * GST_MSECOND;
    if (i % 20 == 5 || i % 20 == 6) {
      EXPECT_TRUE(h.pushEvent(gst_event_new_gap(at, duration)));
      continue;
    }
    auto buffer = audioBuffer(noise(320), at);
    if (isFlagged && i % 20 == 7) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
    EXPECT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
  }
  return h.eos();
}

TEST(NpuMel, GapsMayHaveNoDurationOrAWrongOne) {
  for (const bool isLive : {false, true})
    for (const bool isFlagged : {false, true})
      for (const GstClockTime duration :
           {GST_CLOCK_TIME_NONE, GstClockTime{0}, kSecond / 200, kSecond / 50, kSecond / 2, kSecond}) {
        SCOPED_TRACE(duration);
        const Output out = lossy(isLive, duration, isFlagged);
        ASSERT_FALSE(out.buffers.empty());
        EXPECT_EQ(endOf(out.buffers.back()), 2 * kSecond);
        size_t spoken = 0;
        for (const auto& buffer : out.buffers) spoken += windowOf(buffer).isFinal;
        EXPECT_EQ(spoken, 1u);
        EXPECT_TRUE(out.events_of(GST_EVENT_GAP).empty());
      }
}

TEST(NpuMel, AGapBehindTheTimeInterruptsNobody) {
  for (const GstClockTime duration : {GST_CLOCK_TIME_NONE, kSecond / 50, 2 * kSecond}) {
    Harness h(kLaunch);
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(3 * 16000));
    EXPECT_TRUE(h.pushEvent(gst_event_new_gap(kSecond / 2, duration)));
    h.pushAudio(noise(16000), 3 * kSecond);
    const Output out = h.eos();
    ASSERT_EQ(out.buffers.size(), 1u);
    EXPECT_EQ(endOf(out.buffers[0]), 4 * kSecond);
  }
}

TEST(NpuMel, AGapWithoutADurationGoesOnWhereNothingIsPending) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(kSecond, GST_CLOCK_TIME_NONE)));
  EXPECT_EQ(h.take().events_of(GST_EVENT_GAP).size(), 1u);
  h.push(audioBuffer(noise(16000), GST_CLOCK_TIME_NONE));
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(2 * kSecond, GST_CLOCK_TIME_NONE)));
  EXPECT_TRUE(h.take().buffers.empty());
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(4 * kSecond, GST_CLOCK_TIME_NONE)));
  Output out = h.take();
  ASSERT_EQ(out.buffers.size(), 1u) << "more than a second is missing, whatever comes";
  EXPECT_EQ(startOf(out.buffers[0]), kSecond) << "not before the gap";
  EXPECT_EQ(endOf(out.buffers[0]), 2 * kSecond);
  EXPECT_EQ(out.events_of(GST_EVENT_GAP).size(), 1u);
  h.push(audioBuffer(noise(16000), GST_CLOCK_TIME_NONE));
  out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(startOf(out.buffers[0]), 4 * kSecond);
}

TEST(NpuMel, LiveMuchThatIsMissingBehindAGapWithoutADurationIsABreak) {
  Harness h(kLaunch);
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(kSecond, GST_CLOCK_TIME_NONE)));
  h.pushAudio(noise(16000), 5 * kSecond);
  const Output out = h.eos();
  EXPECT_EQ(gapTotal(out), 4 * kSecond);
  EXPECT_EQ(startOf(out.buffers.back()), 5 * kSecond);
}

TEST(NpuMel, ALongGapEventEndsTheWindowAndGoesOn) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(kSecond, 9 * kSecond)));
  h.pushAudio(noise(16000), 10 * kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 2u);
  EXPECT_EQ(gapTotal(out), 9 * kSecond);
  EXPECT_EQ(startOf(out.buffers[1]), 10 * kSecond);
}

TEST(NpuMel, AFlushForgetsWhatWasPending) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(5 * 16000));
  h.flush();
  h.segment(60 * kSecond);
  h.pushAudio(noise(16000), 60 * kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 1u);
  EXPECT_EQ(startOf(out.buffers[0]), 60 * kSecond);
}

TEST(NpuMel, ANewSegmentDrains) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(16000));
  h.segment(30 * kSecond, kSecond);
  h.pushAudio(noise(16000), 30 * kSecond);
  const Output out = h.eos();
  ASSERT_EQ(out.buffers.size(), 2u);
  EXPECT_EQ(endOf(out.buffers[0]), kSecond);
  EXPECT_EQ(startOf(out.buffers[1]), 30 * kSecond);
  EXPECT_EQ(out.events_of(GST_EVENT_SEGMENT).size(), 2u);
}

TEST(NpuMel, StartsAgainAfterStopping) {
  const auto element = newElement(kLaunch);
  for (int round = 0; round < 3; ++round) {
    Harness h(element.get());
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(16000), static_cast<GstClockTime>(round) * kSecond);
    if (round == 1) continue;  // stopped in the middle
    const Output out = h.eos();
    ASSERT_EQ(out.buffers.size(), 1u) << round;
    EXPECT_EQ(startOf(out.buffers[0]), static_cast<GstClockTime>(round) * kSecond);
    EXPECT_EQ(h.stat("windows"), 1u);
  }
}

TEST(NpuMel, LiveSendsPartialWindowsThatStartAfterWhatIsCommitted) {
  Harness h("npumel vad-model=\"\" step=500");
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(kAudioCaps);
  const gint64 begin = g_get_monotonic_time();
  h.pushAudio(noise(4 * 16000));
  Output out = h.take();
  ASSERT_GE(out.buffers.size(), 5u);
  for (size_t i = 0; i < out.buffers.size(); ++i) {
    const Window window = windowOf(out.buffers[i]);
    EXPECT_FALSE(window.isFinal);
    EXPECT_EQ(window.number, i);
    EXPECT_EQ(startOf(out.buffers[i]), 0u);
    if (i > 0) {
      EXPECT_GE(endOf(out.buffers[i]), endOf(out.buffers[i - 1]) + 480 * GST_MSECOND);
    }
  }
  gst_harness_push_upstream_event(h.get(), gst::newCommittedEvent({0, 3 * kSecond}));
  // The next window waits as long again as the answer has taken, which on a busy machine is long.
  g_usleep(static_cast<gulong>(g_get_monotonic_time() - begin));
  h.pushAudio(noise(2 * 16000), 4 * kSecond);
  out = h.eos();
  ASSERT_GE(out.buffers.size(), 2u);
  const Window last = windowOf(out.buffers.back());
  EXPECT_TRUE(last.isFinal);
  EXPECT_GT(startOf(out.buffers.back()), 2 * kSecond);
  EXPECT_LE(startOf(out.buffers.back()), 3 * kSecond);
  EXPECT_EQ(endOf(out.buffers.back()), 6 * kSecond);
}

// As when somebody links a pad or a branch of a tee behind us, or a converter before us renegotiates.
TEST(NpuMel, BeingAskedAgainDoesNotInterruptWhoSpeaks) {
  Harness h("npumel vad-model=\"\" step=500");
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(kAudioCaps);
  for (GstClockTime second = 0; second < 4; ++second) {
    gst_harness_push_upstream_event(h.get(), gst_event_new_reconfigure());
    h.pushAudio(noise(16000), second * kSecond);
    const Held<GstCaps> same(gst_caps_from_string(kAudioCaps));
    h.pushEvent(gst_event_new_caps(same.get()));
  }
  Output out = h.take();
  ASSERT_GE(out.buffers.size(), 5u);
  for (const auto& buffer : out.buffers) EXPECT_EQ(windowOf(buffer).utterance, 0u);
  EXPECT_EQ(out.events_of(GST_EVENT_CAPS).size(), 1u);
  h.pushEvent(gst_event_new_stream_start("next"));
  h.setCaps(kAudioCaps);
  h.segment(0);
  h.pushAudio(noise(16000));
  out = h.eos();
  EXPECT_EQ(out.events_of(GST_EVENT_CAPS).size(), 1u) << "a new stream has caps of its own";
  EXPECT_NE(windowOf(out.buffers.back()).utterance, 0u);
}

// A slow decoder answers when a lost connection is back, whose stream time began anew.
TEST(NpuMel, WhatWasCommittedBeforeABreakMovesNothing) {
  for (const bool isLate : {true, false}) {
    Harness h("npumel vad-model=\"\" step=500");
    gst_harness_set_live(h.get(), TRUE);
    h.setCaps(kAudioCaps);
    h.pushAudio(noise(2 * 16000));
    auto next = audioBuffer(noise(2 * 16000), 10 * kSecond);
    GST_BUFFER_FLAG_SET(next.get(), GST_BUFFER_FLAG_DISCONT);
    h.push(std::move(next));
    Output out = h.take();
    const uint64_t utterance =
        isLate ? windowOf(out.buffers.front()).utterance : windowOf(out.buffers.back()).utterance;
    gst_harness_push_upstream_event(h.get(), gst::newCommittedEvent({utterance, 11 * kSecond}));
    h.pushAudio(noise(2 * 16000), 12 * kSecond);
    out = h.eos();
    EXPECT_EQ(startOf(out.buffers.back()), (isLate ? 10 : 11) * kSecond);
  }
}

// A source that froze in the middle of a word and sends on all of it, with its clock's time.
TEST(NpuMel, LiveALongJumpOfTimeCutsWhereItIsLeastLikeSpeech) {
  for (const GstClockTime buffer : {GstClockTime{320}, GstClockTime{16000}}) {
    Harness h("npumel vad-model=\"\"");
    gst_harness_set_live(h.get(), TRUE);
    h.setCaps(kAudioCaps);
    auto samples = noise(16 * 16000);
    for (size_t i = 10 * 16000; i < 10 * 16000 + 1600; ++i) samples[i] *= 0.01f;
    for (size_t i = 0; i < samples.size(); i += buffer) {
      const GstClockTime jump = i < 6 * 16000 ? 0 : 5 * kSecond;
      h.pushAudio({samples.begin() + static_cast<std::ptrdiff_t>(i),
                   samples.begin() + static_cast<std::ptrdiff_t>(i + buffer)},
                  i * kSample + jump);
    }
    const Output out = h.eos();
    std::vector<std::pair<GstClockTime, GstClockTime>> spoken;
    for (const auto& window : out.buffers)
      if (windowOf(window).isFinal) spoken.emplace_back(startOf(window), endOf(window));
    ASSERT_GE(spoken.size(), 2u);
    EXPECT_EQ(spoken.front().first, 0u);
    EXPECT_GT(spoken.front().second, 6 * kSecond + kSecond / 10) << "not where time jumped";
    EXPECT_LE(spoken.front().second, 10 * kSecond + kSecond / 10) << "but soon";
    EXPECT_EQ(spoken.back().second, 21 * kSecond);
    EXPECT_EQ(gapTotal(out), 0u) << "the clock has jumped before";
    for (const auto& window : out.buffers) {
      const ClockJump jump = windowOf(window).jump;
      const bool isBehind = endOf(window) > 6 * kSecond && startOf(window) < 11 * kSecond;
      EXPECT_EQ(static_cast<GstClockTime>(jump.byNs), isBehind ? 5 * kSecond : 0) << startOf(window);
      if (isBehind) {
        EXPECT_EQ(static_cast<GstClockTime>(jump.atNs.value_or(0)), 6 * kSecond);
      }
    }
  }
}

// An answer knows its utterance by number alone.
TEST(NpuMel, NoUtteranceHasANumberTwice) {
  Harness h("npumel vad-model=\"\" step=500");
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(kAudioCaps);
  h.pushAudio(noise(2 * 16000));
  EXPECT_EQ(windowOf(h.take().buffers.back()).utterance, 0u);
  gst_harness_set_sink_caps_str(h.get(), NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000,128>");
  gst_harness_push_upstream_event(h.get(), gst_event_new_reconfigure());
  h.pushAudio(noise(2 * 16000), 2 * kSecond);
  Output out = h.take();
  EXPECT_EQ(gst_buffer_get_size(out.buffers.back().get()), 3000u * 128 * 4);
  EXPECT_GT(windowOf(out.buffers.back()).utterance, 0u);
  gst_harness_push_upstream_event(h.get(), gst::newCommittedEvent({0, 3 * kSecond}));
  h.pushAudio(noise(2 * 16000), 4 * kSecond);
  EXPECT_EQ(startOf(h.eos().buffers.back()), 2 * kSecond);
}

TEST(NpuMel, RefusesSegmentsInBytesAndSeeksBackwards) {
  Harness h(kLaunch);
  h.setCaps(kAudioCaps);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  h.pushEvent(gst_event_new_segment(&segment));
  EXPECT_EQ(h.pushAudio(noise(1600)), GST_FLOW_ERROR);
  EXPECT_EQ(h.errors().size(), 1u);
  EXPECT_FALSE(gst_harness_push_upstream_event(
      h.get(), gst_event_new_seek(-1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                                  GST_SEEK_TYPE_SET, static_cast<gint64>(kSecond))));
}

TEST(NpuMel, AMissingVadModelIsAnErrorThatNamesItAndPasses) {
  const auto mel = newElement("npumel vad-model=/nowhere/silero.safetensors");
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(mel.get(), bus);
  EXPECT_EQ(gst_element_set_state(mel.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  const auto errors = errorsOn(bus);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("/nowhere/silero.safetensors"), std::string::npos) << errors[0];
  gst_element_set_state(mel.get(), GST_STATE_NULL);
  gst_element_set_bus(mel.get(), nullptr);
  gst_object_unref(bus);
  g_object_set(mel.get(), "vad-model", "", nullptr);
  EXPECT_EQ(gst_element_set_state(mel.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(mel.get(), GST_STATE_NULL);
}

TEST(NpuMel, PropertiesKeepWhatIsSet) {
  const auto mel = newElement("npumel");
  g_object_set(mel.get(), "vad-model", "x", "vad-threshold", 0.25f, "pre-roll", 111u, "hangover", 222u,
               "step", 333u, nullptr);
  gchar* model = nullptr;
  gfloat threshold = 0;
  guint preRoll = 0, hangover = 0, step = 0;
  g_object_get(mel.get(), "vad-model", &model, "vad-threshold", &threshold, "pre-roll", &preRoll, "hangover",
               &hangover, "step", &step, nullptr);
  EXPECT_STREQ(model, "x");
  g_free(model);
  EXPECT_EQ(threshold, 0.25f);
  EXPECT_EQ(preRoll, 111u);
  EXPECT_EQ(hangover, 222u);
  EXPECT_EQ(step, 333u);
}

}  // namespace
}  // namespace npuspeech::test
