// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out of scripted windows: text at the times of its words, behind what came before it, and a
// stream of text that moves on.
#include "gst/text/decoder_output.h"

#include <algorithm>
#include <cmath>

#include "tests/gst/support.h"

namespace npuspeech::gst {
namespace {

using test::Held;

constexpr GstClockTime at(double seconds) {
  return static_cast<GstClockTime>(seconds * 1000 + 0.5) * GST_MSECOND;
}

struct Said {
  std::string text;
  double start = 0, end = 0;  // seconds of the stream
};

/// DecoderOutput, and all that it pushes.
class DecoderOutputTest : public ::testing::Test {
 protected:
  DecoderOutputTest()
      : element_(test::newElement("npuwhisperdec")),
        src_(GST_PAD(gst_object_ref_sink(gst_pad_new("out", GST_PAD_SRC)))),
        sink_(GST_PAD(gst_object_ref_sink(gst_pad_new("in", GST_PAD_SINK)))),
        upstream_(GST_PAD(gst_object_ref_sink(gst_pad_new("upstream", GST_PAD_SINK)))),
        output_(element_.get(), upstream_.get(), src_.get(), stats_, nullptr) {
    gst_pad_set_element_private(sink_.get(), this);
    gst_pad_set_chain_function(sink_.get(), [](GstPad* pad, GstObject*, GstBuffer* buffer) {
      self(pad).pushed_.buffers.emplace_back(buffer);
      self(pad).order_ += 'b';
      return GST_FLOW_OK;
    });
    gst_pad_set_event_function(sink_.get(), [](GstPad* pad, GstObject*, GstEvent* event) -> gboolean {
      self(pad).pushed_.events.emplace_back(event);
      if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) self(pad).order_ += 'e';
      return TRUE;
    });
    gst_pad_link(src_.get(), sink_.get());
    gst_pad_set_active(sink_.get(), TRUE);
    gst_pad_set_active(src_.get(), TRUE);
    output_.reset();
  }

  static DecoderOutputTest& self(GstPad* pad) {
    return *static_cast<DecoderOutputTest*>(gst_pad_get_element_private(pad));
  }

  GstFlowReturn push(GstEvent* event) { return output_.pushEvent(Held<GstEvent>(event), now_, settings_); }
  GstFlowReturn gap(double start, double end) {
    return push(gst_event_new_gap(at(start), at(end) - at(start)));
  }
  void begin(Granularity granularity) {
    settings_.captions.granularity = granularity;
    push(gst_event_new_stream_start("text"));
    const Held<GstCaps> caps(gst_caps_from_string("text/x-raw,format=utf8"));
    push(gst_event_new_caps(caps.get()));
    segment();
    order_.clear();
  }
  void segment() {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    push(gst_event_new_segment(&segment));
  }
  /// A window over [start, end): what it commits, and what may follow.
  void window(double start, double end, bool isFinal, const std::vector<Said>& committed,
              const std::vector<Said>& interim = {}) {
    DecodedWindow window;
    window.language = "en";
    for (const Said& word : committed) window.words.push_back(wordOf(word, start));
    for (const Said& word : interim) window.interim.push_back(wordOf(word, start));
    PlacedWindow place;
    place.pts = at(start);
    place.duration = at(end) - at(start);
    place.isFinal = isFinal;
    place.isLive = isLive_;
    place.heardAt = heardAt_;
    place.decodedAt = now_;
    EXPECT_EQ(output_.pushWindow(window, place, settings_), GST_FLOW_OK);
  }
  static Word wordOf(const Said& said, double windowStart) {
    return {static_cast<int64_t>(at(said.start)) - static_cast<int64_t>(at(windowStart)),
            static_cast<int64_t>(at(said.end)) - static_cast<int64_t>(at(windowStart)), said.text, 0.9f,
            true};
  }
  /// Where the stream of text stands.
  double reached() const {
    GstClockTime reached = 0;
    for (const auto& text : pushed_.texts()) reached = std::max(reached, text.end());
    for (GstEvent* event : pushed_.events_of(GST_EVENT_GAP)) {
      GstClockTime start = 0, duration = 0;
      gst_event_parse_gap(event, &start, &duration);
      reached = std::max(reached, start + duration);
    }
    return static_cast<double>(reached) / GST_SECOND;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& text : pushed_.texts()) texts.push_back(text.text);
    return texts;
  }
  void expectStart(size_t text, double start) const {
    ASSERT_LT(text, pushed_.buffers.size());
    EXPECT_NEAR(static_cast<double>(GST_BUFFER_PTS(pushed_.buffers[text].get())) / GST_SECOND, start, 1e-3);
  }
  bool isDiscont(size_t text) const { return GST_BUFFER_IS_DISCONT(pushed_.buffers[text].get()); }

  const Held<GstElement> element_;
  const Held<GstPad> src_, sink_, upstream_;
  Stats stats_;
  DecoderSettings settings_;
  bool isLive_ = true;
  GstClockTime now_ = GST_CLOCK_TIME_NONE, heardAt_ = GST_CLOCK_TIME_NONE;  // running times
  test::Output pushed_;
  std::string order_;  // "b" a buffer, "e" an event that is no GAP
  DecoderOutput output_;
};

using Texts = std::vector<std::string>;

TEST_F(DecoderOutputTest, WordsKeepTheirTimesWhereTheFirstWindowsAreUnsure) {
  begin(Granularity::Word);
  for (const double end : {0.5, 1.0, 1.5, 2.0, 2.5, 3.0}) window(0, end, false, {});
  window(0, 3.4, false, {{"Good", 0, 0.2}, {"morning,", 0.2, 0.7}, {"this", 1.2, 1.5}});
  ASSERT_EQ(texts(), (Texts{"Good", "morning,", "this"}));
  expectStart(0, 0);
  expectStart(1, 0.2);
  expectStart(2, 1.2);
}

TEST_F(DecoderOutputTest, WordsThatAnEndedUtteranceLeftOutKeepTheirTimes) {
  begin(Granularity::Word);
  window(0, 4, true, {{"Great,", 0.2, 0.6}, {"thanks.", 0.6, 1}});  // 3 s more were heard, and not read
  gap(4, 4.4);
  EXPECT_LE(reached(), 1.5);
  window(0, 5.2, false, {{"Smile", 1.8, 2.2}, {"now.", 2.2, 2.6}});
  ASSERT_EQ(texts().size(), 4u);
  expectStart(2, 1.8);
  expectStart(3, 2.2);
}

TEST_F(DecoderOutputTest, TheStreamOfTextMovesOnWhileNothingIsSure) {
  begin(Granularity::Word);
  for (int end = 1; end <= 20; ++end) {
    window(0, end, false, {});
    EXPECT_GE(reached(), end - 4.0) << "text is promised within 4 s";
    EXPECT_LE(reached(), std::max(0, end - 3)) << "words of the last 3 s may come";
  }
  window(0, 21, true, {});
  gap(21, 30);
  EXPECT_GE(reached(), 26);
  push(gst_event_new_eos());
  EXPECT_GE(reached(), 30);
}

TEST_F(DecoderOutputTest, InSilenceTheStreamOfTextIsWhereTheAudioIs) {
  begin(Granularity::Word);
  window(0, 2, true, {{"Yes.", 1, 1.6}});
  EXPECT_NEAR(reached(), 2, 1e-3);
  gap(2, 9);
  EXPECT_NEAR(reached(), 9, 1e-3);
}

TEST_F(DecoderOutputTest, TextIsReadableAndKeepsItsOrder) {
  begin(Granularity::Segment);
  window(0, 4, true,
         {{"Yes.", 0, 0.1}, {"No.", 0.1, 0.2}, {"Why", 0.2, 0.3}, {"not?", 0.3, 0.4}, {"So.", 3, 3.1}});
  gap(4, 5);
  window(5, 6, true, {{"Ah.", 5.1, 5.15}});
  push(gst_event_new_eos());
  ASSERT_EQ(texts(), (Texts{"Yes. No. Why not?", "So.", "Ah."}));
  GstClockTime last = 0;
  for (const auto& text : pushed_.texts()) {
    EXPECT_GE(text.duration, 300 * GST_MSECOND) << text.text;
    EXPECT_GE(text.pts, last);
    last = text.end();
  }
}

TEST_F(DecoderOutputTest, PendingTextComesOutBeforeEveryEvent) {
  begin(Granularity::Line);
  const std::vector<GstEvent*> events = {
      gst_event_new_segment_done(GST_FORMAT_TIME, static_cast<gint64>(at(1))),
      gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "another", nullptr)),
      gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("application/mark")),
      gst_event_new_stream_start("next"), gst_event_new_eos()};
  double start = 0;
  for (GstEvent* event : events) {
    const std::string name = GST_EVENT_TYPE_NAME(event);
    window(start, start + 1, false, {{"pending", start + 0.2, start + 0.6}});
    pushed_ = {};
    order_.clear();
    push(event);
    EXPECT_EQ(texts(), Texts{"pending"}) << name;
    EXPECT_EQ(order_, "be") << name;
    start += 1;
  }
}

TEST_F(DecoderOutputTest, WhatTheElementsTellEachOtherCutsNoLine) {
  begin(Granularity::Line);
  window(0, 1, false, {{"pending", 0.2, 0.6}});
  push(newSoundEvent({}));
  EXPECT_EQ(texts(), Texts{});
}

TEST_F(DecoderOutputTest, ATagInMidUtteranceDoesNotMoveTheWordsBehindIt) {
  begin(Granularity::Word);
  window(0, 2, false, {{"one", 0.2, 0.4}});
  push(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "another", nullptr)));
  window(0, 2.4, false, {{"two", 0.4, 0.6}, {"three", 0.6, 0.8}});
  expectStart(1, 0.4);
  expectStart(2, 0.6);
}

TEST_F(DecoderOutputTest, TheFirstTextOfAStretchIsFlagged) {
  begin(Granularity::Word);
  window(0, 1, true, {{"one", 0.1, 0.3}, {"two", 0.3, 0.5}});
  segment();
  window(0, 1, true, {{"three", 0.1, 0.3}, {"four", 0.3, 0.5}});
  output_.reset();  // a flush
  segment();
  window(0, 1, true, {{"five", 0.1, 0.3}, {"six", 0.3, 0.5}});
  ASSERT_EQ(texts().size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(isDiscont(i), i % 2 == 0) << i;
}

TEST_F(DecoderOutputTest, LinesLeaveInTimeForTheirStart) {
  begin(Granularity::Line);
  EXPECT_FALSE(output_.due(settings_));
  now_ = at(3.6);
  window(0, 3.4, false, {{"Of", 0.5, 0.7}, {"late,", 0.7, 1.2}, {"we", 1.2, 1.4}});
  ASSERT_TRUE(texts().empty()) << "the line goes on";
  ASSERT_TRUE(output_.due(settings_));
  EXPECT_GT(*output_.due(settings_), at(4));
  EXPECT_LT(*output_.due(settings_), at(0.5) + settings_.latency);
  output_.release(*output_.due(settings_), settings_);
  EXPECT_EQ(texts(), Texts{"Of late,"}) << "up to the comma";
  ASSERT_TRUE(output_.due(settings_)) << "the rest has more time";
  EXPECT_GT(*output_.due(settings_), at(4.8));
  output_.release(*output_.due(settings_), settings_);
  EXPECT_EQ(texts(), (Texts{"Of late,", "we"}));
  EXPECT_FALSE(output_.due(settings_));
  EXPECT_LE(output_.maxObservedDelay(), settings_.latency);
}

// A source that stalls, and asks for its last words late.
TEST_F(DecoderOutputTest, ASmallerModelIsNoHelpWhereTheSoundWasLate) {
  for (const bool isSoundLate : {true, false}) {
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element_.get(), bus);
    output_.reset();
    begin(Granularity::Word);
    heardAt_ = at(isSoundLate ? 9 : 2);
    now_ = at(9.3);
    window(0, 2, true, {{"Late.", 0, 2}});
    GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING);
    ASSERT_NE(message, nullptr);
    GError* error = nullptr;
    gst_message_parse_warning(message, &error, nullptr);
    EXPECT_EQ(std::string(error->message).find("smaller model") == std::string::npos, isSoundLate)
        << error->message;
    g_error_free(error);
    gst_message_unref(message);
    gst_element_set_bus(element_.get(), nullptr);
    gst_object_unref(bus);
  }
}

TEST_F(DecoderOutputTest, LatenessGivesLinesTime) {
  begin(Granularity::Line);
  window(0, 3.4, false, {{"Of", 0.5, 0.7}});
  const auto before = output_.due(settings_);
  settings_.lateness = 2 * GST_SECOND;
  EXPECT_EQ(*output_.due(settings_), *before + settings_.lateness);
}

TEST_F(DecoderOutputTest, RecordingsHaveAllTimeForTheirLines) {
  isLive_ = false;
  begin(Granularity::Line);
  window(0, 3.4, true, {{"Of", 0.5, 0.7}});
  EXPECT_FALSE(output_.due(settings_));
}

TEST_F(DecoderOutputTest, DelayCountsFromWhereTextBegins) {
  begin(Granularity::Line);
  GstBus* const bus = gst_bus_new();
  gst_element_set_bus(element_.get(), bus);
  const auto warnings = [bus] {
    int count = 0;
    while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) {
      ++count;
      gst_message_unref(message);
    }
    return count;
  };
  now_ = at(4);
  window(0, 3.4, false, {{"Of", 0.5, 0.7}});
  EXPECT_EQ(output_.maxObservedDelay(), 0u) << "it has not left";
  now_ = at(4.2);
  gap(3.4, 4);
  EXPECT_EQ(output_.maxObservedDelay(), at(3.7));
  EXPECT_EQ(warnings(), 0);
  now_ = at(9);
  window(4, 9, true, {{"Sorry.", 4.5, 5}});
  gap(9, 9.4);
  EXPECT_EQ(output_.maxObservedDelay(), at(4.5));
  EXPECT_EQ(warnings(), 1);
  gst_element_set_bus(element_.get(), nullptr);
  gst_object_unref(bus);
}

}  // namespace
}  // namespace npuspeech::gst
