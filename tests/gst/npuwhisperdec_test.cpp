// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec, and text as the whole bin gives it: order, times, gaps, drains, flushes, settings and their
// errors.
#include <algorithm>
#include <chrono>
#include <thread>

#include "gst/memory/tensor_caps.h"
#include "gst/memory/window_meta.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using gst::TensorFormat;

constexpr TensorFormat kStates{TensorFormat::Id::EncoderStates, kTinyAudioContext, kTinyStateWidth};

std::string capsText(const TensorFormat& format) {
  const Held<char> text(gst_caps_to_string(gst::tensorCaps(format).get()));
  return text.get();
}

Held<GstBuffer> states(int frames, GstClockTime pts, bool isFinal = true, const ClockJump& jump = {}) {
  const auto values = noise(1500 * kTinyStateWidth, static_cast<unsigned>(frames));
  GstBuffer* buffer = gst_buffer_new_memdup(values.data(), values.size() * sizeof(float));
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(frames) * 10 * GST_MSECOND;
  gst::addWindowMeta(buffer, {{frames, 1500, {}}, 0, 0, isFinal, false, jump});
  return Held<GstBuffer>(buffer);
}

/// Text and gaps together cover [start, end) once, without overlap.
void expectCovered(const Output& out, GstClockTime start, GstClockTime end) {
  std::vector<std::pair<GstClockTime, GstClockTime>> spans;
  for (const auto& text : out.texts()) spans.emplace_back(text.pts, text.end());
  for (GstEvent* event : out.events_of(GST_EVENT_GAP)) {
    GstClockTime at = 0, duration = 0;
    gst_event_parse_gap(event, &at, &duration);
    spans.emplace_back(at, at + duration);
  }
  std::sort(spans.begin(), spans.end());
  GstClockTime at = start;
  for (const auto& [from, to] : spans) {
    EXPECT_EQ(from, at);
    EXPECT_GT(to, from);
    at = to;
  }
  EXPECT_GE(at, end);
}

class NpuWhisperDec : public ::testing::Test {
 protected:
  std::string launch(const std::string& more = "") const {
    return "npuwhisperdec threads=1 model=" + model_.path() + " " + more;
  }
  TinyModel model_{{.says = kSays}};
};

TEST_F(NpuWhisperDec, PushesWordsInOrderWithTimesMetaAndTags) {
  Harness h(launch());
  h.setCaps(capsText(kStates).c_str());
  h.push(states(300, 0));
  h.push(states(300, 3 * GST_SECOND));
  const Output out = h.eos();
  EXPECT_EQ(out.joined(), std::string(kSaid) + " " + kSaid);
  GstClockTime last = 0;
  for (const auto& text : out.texts()) {
    EXPECT_GE(text.pts, last);
    EXPECT_GT(text.duration, 0u);
    EXPECT_GT(text.confidence, 0.0);
    EXPECT_LE(text.confidence, 1.0);
    last = text.end();
  }
  EXPECT_GE(out.texts()[6].pts, 3 * GST_SECOND);
  expectCovered(out, 0, 6 * GST_SECOND);
  const auto tags = out.events_of(GST_EVENT_TAG);
  ASSERT_EQ(tags.size(), 1u);
  GstTagList* list = nullptr;
  gst_event_parse_tag(tags[0], &list);
  gchar* language = nullptr;
  ASSERT_TRUE(gst_tag_list_get_string(list, GST_TAG_LANGUAGE_CODE, &language));
  EXPECT_STREQ(language, "en");
  g_free(language);
  EXPECT_EQ(out.custom("rstranscribe/final-transcript").size(), 2u);
  EXPECT_EQ(h.stat("windows"), 2u);
}

TEST_F(NpuWhisperDec, TellsThatItsStreamIsSparse) {
  Harness h(launch());
  h.setCaps(capsText(kStates).c_str());
  const Output out = h.eos();
  const auto starts = out.events_of(GST_EVENT_STREAM_START);
  ASSERT_EQ(starts.size(), 1u);
  GstStreamFlags flags = GST_STREAM_FLAG_NONE;
  gst_event_parse_stream_flags(starts[0], &flags);
  EXPECT_TRUE(flags & GST_STREAM_FLAG_SPARSE);
}

TEST_F(NpuWhisperDec, EndOfStreamWaitsForEveryWindowInFlight) {
  for (int windows : {1, 2, 15, 16, 17, 40}) {
    Harness h(launch());
    h.setCaps(capsText(kStates).c_str());
    for (int i = 0; i < windows; ++i)
      ASSERT_EQ(h.push(states(100, static_cast<GstClockTime>(i) * GST_SECOND)), GST_FLOW_OK);
    const Output out = h.eos();
    EXPECT_EQ(out.buffers.size(), static_cast<size_t>(windows) * kSays.size());
    EXPECT_EQ(h.stat("windows"), static_cast<uint64_t>(windows));
  }
}

TEST_F(NpuWhisperDec, PartialWindowsAreLeftToTheirFinalOne) {
  Harness h(launch());
  h.setCaps(capsText(kStates).c_str());
  h.push(states(100, 0, false));
  h.push(states(200, 0, true));
  EXPECT_EQ(h.eos().joined(), kSaid);
  EXPECT_EQ(h.stat("dropped"), 1u);
}

TEST_F(NpuWhisperDec, GapsPassInOrderAndEndASegment) {
  Harness h(launch("granularity=segment"));
  h.setCaps(capsText(kStates).c_str());
  h.push(states(200, 0));
  EXPECT_TRUE(h.pushEvent(gst_event_new_gap(2 * GST_SECOND, 3 * GST_SECOND)));
  h.push(states(200, 5 * GST_SECOND));
  const Output out = h.eos();
  const auto texts = out.texts();
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].text, kSaid);
  EXPECT_LE(texts[0].end(), 2 * GST_SECOND + 500 * GST_MSECOND);
  EXPECT_GE(texts[1].pts, 5 * GST_SECOND);
  expectCovered(out, 0, 5 * GST_SECOND);
}

TEST_F(NpuWhisperDec, LinesKeepTheirLength) {
  Harness h(launch("granularity=line line-length=12"));
  h.setCaps(capsText(kStates).c_str());
  h.push(states(300, 0));
  const Output out = h.eos();
  EXPECT_GE(out.buffers.size(), 3u);
  for (const auto& text : out.texts()) EXPECT_LE(text.text.size(), 12u) << text.text;
  EXPECT_EQ(out.joined(), kSaid);
}

TEST_F(NpuWhisperDec, AFlushDropsOldWordsAndNewOnesCome) {
  Harness h(launch());
  h.setCaps(capsText(kStates).c_str());
  for (int round = 1; round <= 10; ++round) {
    for (int i = 0; i < round; ++i) h.push(states(1000, static_cast<GstClockTime>(i) * 10 * GST_SECOND));
    h.flush();
    h.take();
    const GstClockTime start = static_cast<GstClockTime>(1000 * round) * GST_SECOND;
    h.segment(start);
    h.push(states(100, start));
    while (h.stat("windows") == 0) std::this_thread::yield();
  }
  const Output out = h.eos();
  ASSERT_EQ(out.joined(), kSaid);
  EXPECT_GE(out.texts().front().pts, 10000 * GST_SECOND);
}

TEST_F(NpuWhisperDec, WordsBehindAJumpOfTheClockHaveItsTimes) {
  constexpr GstClockTime kBy = 5 * GST_SECOND;
  const auto words = [&](const ClockJump& jump, GstClockTime pts) {
    Harness h(launch());
    h.setCaps(statesCaps().c_str());
    EXPECT_EQ(h.push(states(300, pts, true, jump)), GST_FLOW_OK);
    const auto texts = h.eos().texts();
    const auto told = newItems(h.get());
    EXPECT_EQ(told.size(), texts.size());
    for (size_t i = 0; i < std::min(told.size(), texts.size()); ++i)
      EXPECT_EQ(told[i].runningTime, texts[i].pts) << i;
    return texts;
  };
  const auto plain = words({}, GST_SECOND);
  ASSERT_EQ(plain.size(), kSays.size());
  const auto jumpAt = [](GstClockTime at) {
    return ClockJump{static_cast<int64_t>(at), static_cast<int64_t>(kBy)};
  };
  const auto jumped = words(jumpAt((plain[2].end() + plain[3].pts) / 2), GST_SECOND),
             behind = words(jumpAt(GST_SECOND / 2), GST_SECOND);
  ASSERT_EQ(jumped.size(), plain.size());
  ASSERT_EQ(behind.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(jumped[i].text, plain[i].text);
    EXPECT_EQ(jumped[i].pts, plain[i].pts + (i < 3 ? 0 : kBy)) << i;
    EXPECT_EQ(jumped[i].duration, plain[i].duration) << i;
    EXPECT_EQ(behind[i].pts, plain[i].pts + kBy) << i;
  }
}

TEST_F(NpuWhisperDec, StopsInMidWork) {
  for (int i = 0; i < 20; ++i) {
    Harness h(launch());
    h.setCaps(capsText(kStates).c_str());
    for (int w = 0; w < 10; ++w) h.push(states(1000, static_cast<GstClockTime>(w) * 10 * GST_SECOND));
  }
}

TEST_F(NpuWhisperDec, SegmentsPassAndLatenessShiftsThem) {
  Harness h(launch("lateness=1500"));
  h.setCaps(capsText(kStates).c_str());
  h.segment(7 * GST_SECOND, 2 * GST_SECOND);
  h.push(states(100, 7 * GST_SECOND));
  const Output out = h.eos();
  GstSegment segment;
  gst_event_copy_segment(out.events_of(GST_EVENT_SEGMENT).back(), &segment);
  EXPECT_EQ(segment.start, 7 * GST_SECOND);
  EXPECT_EQ(segment.base, 3500 * GST_MSECOND);
  EXPECT_GE(out.texts().front().pts, 7 * GST_SECOND);
}

TEST_F(NpuWhisperDec, AddsItsLatencyOnlyWhenLive) {
  Harness h(launch("latency=1234"));
  gst_harness_set_upstream_latency(h.get(), 100 * GST_MSECOND);
  EXPECT_EQ(gst_harness_query_latency(h.get()), 100 * GST_MSECOND) << "not live";
  gst_harness_set_live(h.get(), TRUE);
  EXPECT_EQ(gst_harness_query_latency(h.get()), 1334 * GST_MSECOND);
  h.messages(GST_MESSAGE_LATENCY);
  g_object_set(h.element(), "latency", 500u, nullptr);
  EXPECT_EQ(gst_harness_query_latency(h.get()), 600 * GST_MSECOND);
  EXPECT_EQ(h.messages(GST_MESSAGE_LATENCY).size(), 1u);
}

TEST_F(NpuWhisperDec, ThePartsOfTheLatencyMakeTheWhole) {
  const std::string parts =
      "npumel step=600 ! queue ! npuwhisperenc model=" + model_.path() + " ! identity ! ";
  const struct {
    std::string launch;
    GstClockTime least, most;
  } cases[] = {{"npumel step=600", 600 * GST_MSECOND, 800 * GST_MSECOND},
               {parts + launch("latency=2500"), 2500 * GST_MSECOND, 2500 * GST_MSECOND},
               {parts + launch("latency=0"), 0, 0},
               {"nputranscriber latency=2500", 2500 * GST_MSECOND, 2500 * GST_MSECOND}};
  for (const auto& c : cases) {
    GstElement* const bin = gst_parse_bin_from_description(c.launch.c_str(), TRUE, nullptr);
    const Held<GstElement> chain(GST_ELEMENT(gst_object_ref_sink(bin)));
    Harness h(bin);
    gst_harness_set_upstream_latency(h.get(), 100 * GST_MSECOND);
    EXPECT_LE(gst_harness_query_latency(h.get()), 100 * GST_MSECOND) << c.launch << " not live";
    gst_harness_set_live(h.get(), TRUE);
    const GstClockTime latency = gst_harness_query_latency(h.get());
    EXPECT_GE(latency, 100 * GST_MSECOND + c.least) << c.launch;
    EXPECT_LE(latency, 100 * GST_MSECOND + c.most) << c.launch;
  }
}

TEST_F(NpuWhisperDec, SettingsThatTheModelCannotMeetAreErrors) {
  TinyModel english({.multilingual = false, .says = kSays});
  const struct {
    std::string launch, named;
  } cases[] = {{launch("language=xx"), "xx"},
               {"npuwhisperdec task=translate model=" + english.path(), "translate"},
               {"npuwhisperdec language=de model=" + english.path(), "de"},
               {"npuwhisperdec model=/nowhere/whisper", "/nowhere/whisper"}};
  for (const auto& c : cases) {
    const auto errors = errorsAtStart(c.launch);
    ASSERT_EQ(errors.size(), 1u) << c.launch;
    EXPECT_NE(errors[0].find(c.named), std::string::npos) << errors[0];
  }
}

TEST_F(NpuWhisperDec, RefusesStatesOfAnotherModel) {
  Harness h(launch());
  h.setCaps(capsText({TensorFormat::Id::EncoderStates, 1500, 512}).c_str());
  EXPECT_NE(h.push(states(100, 0)), GST_FLOW_OK);
  const auto errors = h.errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("512"), std::string::npos) << errors[0];
}

TEST_F(NpuWhisperDec, WindowsWithNothingSaidAreGaps) {
  TinyModel silent({.hearsNothing = true});
  Harness h("npuwhisperdec model=" + silent.path());
  h.setCaps(capsText(kStates).c_str());
  h.push(states(200, 0));
  const Output out = h.eos();
  EXPECT_EQ(out.joined(), "");
  expectCovered(out, 0, 2 * GST_SECOND);
}

}  // namespace
}  // namespace npuspeech::test
