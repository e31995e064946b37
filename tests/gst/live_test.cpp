// SPDX-License-Identifier: LGPL-2.1-or-later
// Live streams: words come while the audio still does, are said once and in order, and nothing hangs.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gst/core/events.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

void expectOrder(const Output& out) {
  GstClockTime last = 0;
  for (const auto& text : out.texts()) {
    EXPECT_GE(text.pts, last);
    EXPECT_GT(text.duration, 0u);
    last = text.end();
  }
}

/// Who reads interim text: knows what came since the last flush, in order.
class InterimReader {
 public:
  struct Item {
    bool isText;  // or a segment
    GstClockTime start;
    bool operator==(const Item&) const = default;
  };
  using Items = std::vector<Item>;

  explicit InterimReader(GstElement* decoder) : pad_(gst_pad_new("interim", GST_PAD_SINK)) {
    gst_object_ref_sink(pad_.get());
    gst_pad_set_element_private(pad_.get(), this);
    gst_pad_set_chain_function(pad_.get(), [](GstPad* pad, GstObject*, GstBuffer* buffer) {
      self(pad)->add({true, GST_BUFFER_PTS(buffer)});
      gst_buffer_unref(buffer);
      return GST_FLOW_OK;
    });
    gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* event) -> gboolean {
      const GstSegment* segment = nullptr;
      if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
        gst_event_parse_segment(event, &segment);
        self(pad)->add({false, segment->start});
      } else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
        self(pad)->take();
      }
      gst_event_unref(event);
      return TRUE;
    });
    gst_pad_set_active(pad_.get(), TRUE);
    const Held<GstPad> source(gst_element_get_static_pad(decoder, "unsynced_src"));
    EXPECT_EQ(gst_pad_link(source.get(), pad_.get()), GST_PAD_LINK_OK);
  }
  ~InterimReader() {
    const Held<GstPad> source(gst_pad_get_peer(pad_.get()));
    gst_pad_unlink(source.get(), pad_.get());
    gst_pad_set_active(pad_.get(), FALSE);
  }

  /// Waits until there are `texts`.
  Items take(std::ptrdiff_t texts) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.isText; }) >=
             texts;
    });
    return std::exchange(items_, {});
  }
  Items take() { return take(0); }

 private:
  static InterimReader* self(GstPad* pad) {
    return static_cast<InterimReader*>(gst_pad_get_element_private(pad));
  }
  void add(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(item);
    changed_.notify_all();
  }

  const Held<GstPad> pad_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Items items_;  // under mutex_
};

class LiveDecoder : public ::testing::Test {
 protected:
  LiveDecoder() : h_("npuwhisperdec threads=1 language=en model=" + model_.path()) {
    gst_harness_set_live(h_.get(), TRUE);
    h_.setCaps(statesCaps().c_str());
  }
  /// Until `windows` are decoded or dropped.
  void settle(uint64_t windows) {
    for (int i = 0; i < 5000 && h_.stat("windows") + h_.stat("dropped") < windows; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  TinyModel model_{{.says = kSays}};
  Harness h_;
};

TEST_F(LiveDecoder, WordsComeBeforeTheUtteranceEnds) {
  for (int i = 1; i <= 10; ++i) {
    h_.push(states(200 + 40 * i, 0, 0, false));
    settle(static_cast<uint64_t>(i));
  }
  Output before = h_.take();
  EXPECT_FALSE(before.buffers.empty());
  EXPECT_EQ(std::string(kSaid).find(before.joined()), 0u) << before.joined();
  EXPECT_TRUE(before.custom("rstranscribe/final-transcript").empty());
  h_.push(states(700, 0, 0, true));
  const Output rest = h_.eos();
  EXPECT_EQ(before.joined() + (rest.buffers.empty() ? "" : " ") + rest.joined(), kSaid);
  EXPECT_EQ(rest.custom("rstranscribe/final-transcript").size(), 1u);
  expectOrder(before);
  expectOrder(rest);
}

TEST_F(LiveDecoder, TheSameCapsAgainRepeatNothing) {
  for (int i = 1; i <= 10; ++i) {
    const Held<GstCaps> same(gst_caps_from_string(statesCaps().c_str()));
    h_.pushEvent(gst_event_new_caps(same.get()));
    h_.push(states(200 + 40 * i, 0, 0, i == 10));
    settle(static_cast<uint64_t>(i));
  }
  const Output out = h_.eos();
  EXPECT_EQ(out.joined(), kSaid);
  EXPECT_EQ(out.events_of(GST_EVENT_CAPS).size(), 1u);
  expectOrder(out);
}

// A source that comes back counts from 0 again.
TEST_F(LiveDecoder, TimeMayGoBackAtABreak) {
  h_.push(states(300, 100 * GST_SECOND, 0, true));
  EXPECT_TRUE(h_.pushEvent(gst_event_new_gap(0, GST_SECOND)));
  auto next = states(300, GST_SECOND, 2, true);
  GST_BUFFER_FLAG_SET(next.get(), GST_BUFFER_FLAG_DISCONT);
  h_.push(std::move(next));
  const auto texts = h_.eos().texts();
  ASSERT_EQ(texts.size(), 2 * kSays.size());
  for (size_t i = kSays.size(); i < texts.size(); ++i) {
    EXPECT_GE(texts[i].pts, GST_SECOND);
    EXPECT_LE(texts[i].end(), 4 * GST_SECOND + 500 * GST_MSECOND);
  }
}

TEST_F(LiveDecoder, TellsUpstreamAboutEveryWindow) {
  h_.push(states(300, 5 * GST_SECOND, 0, false));
  settle(1);
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    const Held<GstEvent> event(gst_harness_try_pull_upstream_event(h_.get()));
    const auto settled = event ? gst::parseCommittedEvent(event.get()) : std::nullopt;
    told = settled && settled->utterance == 0 && settled->until == 5 * GST_SECOND;
    if (!event) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(told);
}

TEST_F(LiveDecoder, ShowsInterimText) {
  h_.push(states(100, 0, 0, false));
  settle(1);
  std::string text;
  for (int i = 0; i < 1000 && text.empty(); ++i) {
    for (GstMessage* message : h_.messages(GST_MESSAGE_ELEMENT)) {
      const GstStructure* structure = gst_message_get_structure(message);
      if (gst_structure_has_name(structure, "npuspeech/interim"))
        text = gst_structure_get_string(structure, "text");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(text, kSaid) << "a second is too short for anything to be certain";
  EXPECT_TRUE(h_.take().buffers.empty());
}

TEST_F(LiveDecoder, InterimTextIsInItsSegmentWhileTheTextWaits) {
  InterimReader reader(h_.element());
  h_.flush();
  const Held<GstPad> text(gst_element_get_static_pad(h_.element(), "src"));
  const gulong hold = gst_pad_add_probe(
      text.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  EXPECT_TRUE(h_.pushEvent(gst_event_new_stream_start("held")));
  h_.segment(5 * GST_SECOND);
  h_.push(states(100, 5 * GST_SECOND, 0, true));
  h_.segment(9 * GST_SECOND);
  h_.push(states(100, 9 * GST_SECOND, 1, true));
  EXPECT_EQ(
      reader.take(2),
      (InterimReader::Items{
          {false, 5 * GST_SECOND}, {true, 5 * GST_SECOND}, {false, 9 * GST_SECOND}, {true, 9 * GST_SECOND}}));
  EXPECT_TRUE(h_.take().buffers.empty());
  gst_pad_remove_probe(text.get(), hold);
  h_.eos();
  EXPECT_TRUE(reader.take().empty()) << "segments that came later than what was shown";
}

TEST_F(LiveDecoder, InterimTextComesBehindAnEndToo) {
  InterimReader reader(h_.element());
  h_.push(states(100, 0, 0, true));
  h_.eos();
  EXPECT_EQ(reader.take(1).back(), (InterimReader::Item{true, 0}));
  EXPECT_TRUE(h_.pushEvent(gst_event_new_stream_start("next")));
  h_.setCaps(statesCaps().c_str());
  h_.segment(7 * GST_SECOND);
  h_.push(states(100, 7 * GST_SECOND, 1, true));
  EXPECT_EQ(reader.take(1), (InterimReader::Items{{false, 7 * GST_SECOND}, {true, 7 * GST_SECOND}}));
  EXPECT_EQ(h_.eos().joined(), kSaid);
}

TEST_F(LiveDecoder, EndOfStreamWaitsForFinalWindows) {
  for (int i = 1; i <= 20; ++i) h_.push(states(100 + 10 * i, 0, 0, i == 20));
  const Output out = h_.eos();
  EXPECT_EQ(out.joined(), kSaid);
  EXPECT_EQ(h_.stat("windows") + h_.stat("dropped"), 20u);
  EXPECT_EQ(h_.messages(GST_MESSAGE_QOS).size(), h_.stat("dropped"));
}

TEST_F(LiveDecoder, TimeMovesOnWhileSomebodySpeaks) {
  h_.push(states(600, 0, 0, false));
  settle(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Output out = h_.take();
  GstClockTime reached = 0;
  for (const auto& text : out.texts()) reached = std::max(reached, text.end());
  for (GstEvent* event : out.events_of(GST_EVENT_GAP)) {
    GstClockTime start = 0, duration = 0;
    gst_event_parse_gap(event, &start, &duration);
    reached = std::max(reached, start + duration);
  }
  EXPECT_LE(reached, 6 * GST_SECOND);
}

TEST_F(LiveDecoder, FlushesAtRandomMoments) {
  std::mt19937 random(3);
  InterimReader reader(h_.element());
  h_.flush();  // without the harness's own segment
  for (uint64_t round = 0; round < 100; ++round) {
    const GstClockTime start = (random() % 1000) * GST_SECOND;
    h_.segment(start);
    for (unsigned i = 0; i < random() % 6; ++i)
      h_.push(states(static_cast<int>(100 + 50 * i), start, round, random() % 8 == 0));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    for (const auto& item : reader.take()) EXPECT_EQ(item.start, start) << "from before a flush";
    h_.flush();
    h_.take();
  }
  h_.segment(2000 * GST_SECOND);
  h_.push(states(300, 2000 * GST_SECOND, 200, true));
  const Output out = h_.eos();
  EXPECT_EQ(out.joined(), kSaid);
  EXPECT_GE(out.texts().front().pts, 2000 * GST_SECOND);
}

TEST_F(LiveDecoder, InterimTextAmongFlushesLinksAndEnds) {
  std::mt19937 random(5);
  std::unique_ptr<InterimReader> reader;
  uint64_t utterance = 0;
  GstClockTime start = 0;
  h_.segment(start);
  for (int round = 0; round < 300; ++round) {
    switch (random() % 8) {
      case 0:
        reader = reader ? nullptr : std::make_unique<InterimReader>(h_.element());
        break;
      case 1: {
        std::thread flush([&] { h_.pushEvent(gst_event_new_flush_start()); });
        h_.push(states(150, start, utterance, false));
        flush.join();
        h_.pushEvent(gst_event_new_flush_stop(TRUE));
        h_.segment(start = (random() % 1000) * GST_SECOND);
        break;
      }
      case 2:
        h_.pushEvent(gst_event_new_eos());
        h_.pushEvent(gst_event_new_stream_start("next"));
        h_.setCaps(statesCaps().c_str());
        h_.segment(start = (random() % 1000) * GST_SECOND);
        break;
      case 3:
        h_.segment(start = (random() % 1000) * GST_SECOND);
        ++utterance;
        break;
      case 4:
        if (random() % 4 == 0) {
          gst_element_set_state(h_.element(), GST_STATE_READY);
          gst_element_set_state(h_.element(), GST_STATE_PLAYING);
          h_.pushEvent(gst_event_new_stream_start("again"));
          h_.setCaps(statesCaps().c_str());
          h_.segment(start);
        }
        break;
      default:
        h_.push(states(static_cast<int>(100 + 50 * (random() % 4)), start, utterance, random() % 3 == 0));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
    }
    h_.take();
  }
}

TEST(LivePipeline, StopsAtRandomMoments) {
  const TinyModel model({.says = kSays});
  std::mt19937 random(4);
  for (int i = 0; i < 20; ++i) {
    const Held<GstElement> pipeline = newElement(
        "audiotestsrc is-live=true wave=white-noise samplesperbuffer=320 ! audio/x-raw,rate=16000 ! "
        "nputranscriber threads=1 vad-model=\"\" step=100 model=" +
        model.path() + " ! fakesink sync=true");
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
}

}  // namespace
}  // namespace npuspeech::test
