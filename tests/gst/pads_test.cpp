// SPDX-License-Identifier: LGPL-2.1-or-later
// Pads that come, go, fail and are linked again while nputranscriber runs.
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using namespace std::chrono_literals;

/// A sink pad by itself: keeps what comes, and answers buffers with `flow`.
class Listener {
 public:
  Listener() : pad_(GST_PAD(gst_object_ref_sink(gst_pad_new("listener", GST_PAD_SINK)))) {
    gst_pad_set_element_private(pad_.get(), this);
    gst_pad_set_chain_function(
        pad_.get(), [](GstPad* pad, GstObject*, GstBuffer* buffer) { return of(pad).take(buffer, nullptr); });
    gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* event) -> gboolean {
      return of(pad).take(nullptr, event) == GST_FLOW_OK;
    });
    gst_pad_set_active(pad_.get(), TRUE);
  }
  ~Listener() {
    if (const Held<GstPad> peer{gst_pad_get_peer(pad_.get())}) gst_pad_unlink(peer.get(), pad_.get());
    gst_pad_set_active(pad_.get(), FALSE);
  }
  void listenTo(GstPad* src) { ASSERT_EQ(gst_pad_link(src, pad_.get()), GST_PAD_LINK_OK); }

  std::vector<GstEventType> serialized() {
    const std::lock_guard lock(mutex_);
    std::vector<GstEventType> types;
    for (const auto& event : output_.events) types.push_back(GST_EVENT_TYPE(event.get()));
    return types;
  }
  size_t buffers() {
    const std::lock_guard lock(mutex_);
    return output_.buffers.size();
  }
  std::atomic<GstFlowReturn> flow{GST_FLOW_OK};

 private:
  static Listener& of(GstPad* pad) { return *static_cast<Listener*>(gst_pad_get_element_private(pad)); }
  GstFlowReturn take(GstBuffer* buffer, GstEvent* event) {
    const std::lock_guard lock(mutex_);
    if (buffer) output_.buffers.emplace_back(buffer);
    if (event) output_.events.emplace_back(event);
    return buffer ? flow.load() : GST_FLOW_OK;
  }

  const Held<GstPad> pad_;
  std::mutex mutex_;
  Output output_;
};

class Pads : public ::testing::Test {
 protected:
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber name=t language=de vad-model=\"\" threads=1 model=" + model_.path() + " " + more +
           " ";
  }
  /// A second of speech, and a silence that ends it: one window. Whether both were taken.
  bool say(Harness& h) {
    const bool taken = h.pushAudio(noise(16000), at_) == GST_FLOW_OK;
    const bool ended = h.pushEvent(gst_event_new_gap(at_ + GST_SECOND, 2 * GST_SECOND));
    at_ += 3 * GST_SECOND;
    return taken && ended;
  }
  /// Waits for a buffer of text.
  static bool hears(Harness& h) {
    const Held<GstBuffer> text(gst_harness_pull(h.get()));
    return text != nullptr;
  }
  static Held<GstPad> request(Harness& h, const char* name = "translate_src_%u") {
    return Held<GstPad>(gst_element_request_pad_simple(h.element(), name));
  }
  TinyModel model_{{.says = kSays}};
  GstClockTime at_ = 0;
};

TEST_F(Pads, RequestedPadsHaveNamesOfTheirOwn) {
  for (const bool playing : {false, true}) {
    const auto element = newElement(transcriber());
    if (playing) gst_element_set_state(element.get(), GST_STATE_PAUSED);
    std::set<std::string> names;
    std::vector<Held<GstPad>> pads;
    for (const char* name : {"translate_src_1", "translate_src_%u", "translate_src_%u", "translate_src_5",
                             "translate_src_%u", "translate_src_%u", "translate_src_%u"}) {
      pads.emplace_back(gst_element_request_pad_simple(element.get(), name));
      ASSERT_TRUE(pads.back()) << name;
      EXPECT_TRUE(names.insert(GST_PAD_NAME(pads.back().get())).second) << GST_PAD_NAME(pads.back().get());
      EXPECT_EQ(GST_PAD_IS_ACTIVE(pads.back().get()), playing);
    }
    // GStreamer itself warns of a name that is taken; what the element says to it is ours.
    GstPadTemplate* pattern = gst_element_get_pad_template(element.get(), "translate_src_%u");
    const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(element.get()), "npuwhisperdec"));
    const auto ask = GST_ELEMENT_GET_CLASS(decoder.get())->request_new_pad;
    for (const char* name : {"translate_src_1", "src", "sink"})
      EXPECT_EQ(ask(decoder.get(), pattern, name, nullptr), nullptr) << name;
    for (const auto& pad : pads) gst_element_release_request_pad(element.get(), pad.get());
    EXPECT_EQ(element->numsrcpads, 2);
    EXPECT_EQ(decoder->numsrcpads, 2);
    EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}

TEST_F(Pads, ManyThreadsRequestAndReleaseWhileStatesChange) {
  const auto element = newElement(transcriber());
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        const Held<GstPad> pad(gst_element_request_pad_simple(element.get(), "translate_src_%u"));
        ASSERT_TRUE(pad);
        gst_element_release_request_pad(element.get(), pad.get());
      }
    });
  for (int round = 0; round < 40; ++round) {
    gst_element_set_state(element.get(), GST_STATE_PAUSED);
    std::this_thread::sleep_for(1ms);
    gst_element_set_state(element.get(), round % 2 ? GST_STATE_NULL : GST_STATE_READY);
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  EXPECT_EQ(element->numsrcpads, 2);
}

TEST_F(Pads, ReleasingDoesNotWaitForASink) {
  const auto pipeline = newElement("audiotestsrc wave=white-noise num-buffers=200 ! " + transcriber() +
                                   "! fakesink name=a  t.translate_src_0 ! fakesink name=b sync=true");
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "b"));
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  ASSERT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 60 * GST_SECOND),
            GST_STATE_CHANGE_SUCCESS);
  const Held<GstPad> pad(gst_element_get_static_pad(bin.get(), "translate_src_0"));
  auto released =
      std::async(std::launch::async, [&] { gst_element_release_request_pad(bin.get(), pad.get()); });
  const bool isBack = released.wait_for(20s) == std::future_status::ready;
  EXPECT_TRUE(isBack);
  EXPECT_EQ(GST_OBJECT_PARENT(pad.get()), nullptr);
  // The sink lets go when it stops; the rest plays to its end.
  gst_element_set_locked_state(sink.get(), TRUE);
  gst_element_set_state(sink.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline.get()), sink.get());
  const Played played = play(pipeline.get());
  EXPECT_TRUE(played.eos);
  EXPECT_TRUE(played.errors.empty());
}

TEST_F(Pads, TextGoesOnWhereItsPadIsLinkedAgain) {
  Harness h(transcriber());
  h.setCaps(kAudioCaps);
  ASSERT_TRUE(say(h));
  ASSERT_TRUE(hears(h));
  const Held<GstPad> src(gst_element_get_static_pad(h.element(), "src"));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(gst_pad_unlink(src.get(), h.get()->sinkpad));
    bool isTaken = true;
    for (int i = 0; isTaken && i < 2000; ++i) {
      isTaken = say(h);
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_FALSE(isTaken);
    ASSERT_EQ(gst_pad_link(src.get(), h.get()->sinkpad), GST_PAD_LINK_OK);
    h.take();
    for (int i = 0; !say(h) && i < 2000; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(hears(h));
  }
  EXPECT_TRUE(h.eos().eos);
  EXPECT_TRUE(h.errors().empty());
}

TEST_F(Pads, TextForNobodyIsAnErrorAtTheEnd) {
  Harness h(transcriber());
  h.setCaps(kAudioCaps);
  const Held<GstPad> src(gst_element_get_static_pad(h.element(), "src"));
  ASSERT_TRUE(gst_pad_unlink(src.get(), h.get()->sinkpad));
  say(h);
  h.pushEvent(gst_event_new_eos());
  const auto errors = h.errors(30 * GST_SECOND);
  ASSERT_FALSE(errors.empty());
  gst_pad_link(src.get(), h.get()->sinkpad);
}

TEST_F(Pads, AFailingTranslationLeavesTheTextAlone) {
  for (const GstFlowReturn failure : {GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_EOS}) {
    Harness h(transcriber());
    const auto pad = request(h);
    Listener listener;
    listener.listenTo(pad.get());
    listener.flow = failure;
    h.setCaps(kAudioCaps);
    at_ = 0;
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(say(h)) << i;
      ASSERT_TRUE(hears(h)) << i;
      const Held<GstQuery> drain(gst_query_new_drain());
      gst_pad_peer_query(h.get()->srcpad, drain.get());
    }
    EXPECT_EQ(listener.buffers(), 1u);
    EXPECT_TRUE(h.eos().eos);
    gst_element_release_request_pad(h.element(), pad.get());
  }
}

TEST_F(Pads, NothingIsDecodedForAnUnlinkedTranslation) {
  Harness h(transcriber());
  const auto pad = request(h);
  h.setCaps(kAudioCaps);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(say(h)) << i;
    ASSERT_TRUE(hears(h)) << i;
    if (i == 1) h.pushEvent(gst_event_new_instant_rate_change(2.0, GST_SEGMENT_FLAG_NONE));
    // Impossible, but nobody asks.
    if (i == 3) g_object_set(pad.get(), "language-code", "fr", nullptr);
  }
  g_object_set(pad.get(), "language-code", "en", nullptr);
  Listener listener;
  listener.listenTo(pad.get());
  ASSERT_TRUE(say(h));
  ASSERT_TRUE(hears(h));
  EXPECT_TRUE(h.eos().eos);
  for (int i = 0; listener.buffers() == 0 && i < 3000; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_GT(listener.buffers(), 0u);
  EXPECT_TRUE(h.errors().empty());
  gst_element_release_request_pad(h.element(), pad.get());
}

TEST_F(Pads, ANewPadHasItsEventsInOrderWheneverItComes) {
  enum class When { BeforeStreamStart, BeforeSegment, AfterSegment };
  for (const When when : {When::BeforeStreamStart, When::BeforeSegment, When::AfterSegment}) {
    Harness h(transcriber());
    h.setCaps(kAudioCaps);
    at_ = 0;
    ASSERT_TRUE(say(h));
    ASSERT_TRUE(h.eos().eos);
    Held<GstPad> pad;
    Listener listener;
    const auto come = [&](When now) {
      if (now != when) return;
      pad = request(h);
      listener.listenTo(pad.get());
    };
    come(When::BeforeStreamStart);
    h.pushEvent(gst_event_new_stream_start("second"));
    come(When::BeforeSegment);
    h.segment(0);  // CAPS are as they were: the bin sends none
    come(When::AfterSegment);
    at_ = 0;
    ASSERT_TRUE(say(h));
    EXPECT_TRUE(h.eos().eos);
    for (int i = 0; listener.buffers() == 0 && i < 3000; ++i) std::this_thread::sleep_for(10ms);
    const auto events = listener.serialized();
    ASSERT_GE(events.size(), 3u);
    EXPECT_EQ(events[0], GST_EVENT_STREAM_START);
    EXPECT_EQ(events[1], GST_EVENT_CAPS);
    EXPECT_EQ(events[2], GST_EVENT_SEGMENT);
    EXPECT_EQ(std::count(events.begin(), events.end(), GST_EVENT_SEGMENT), 1);
    EXPECT_TRUE(h.errors().empty());
    gst_element_release_request_pad(h.element(), pad.get());
  }
}

}  // namespace
}  // namespace npuspeech::test
