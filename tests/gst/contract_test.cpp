// SPDX-License-Identifier: LGPL-2.1-or-later
// What applications and gst-plugins-rs's elements expect of a transcriber: its events, messages and latency.
#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

class Contract : public ::testing::Test {
 protected:
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber name=t vad-model=\"\" threads=1 model=" + model_.path() + " " + more + " ";
  }
  TinyModel model_{{.says = kSays}};
};

TEST_F(Contract, EachWordGoesUpstreamWithTheRunningTimeOfItsAudio) {
  // Lines hold several words, and lateness moves the text: neither changes what goes upstream.
  Harness h(transcriber("granularity=line lateness=700"));
  h.setCaps(kAudioCaps);
  h.segment(100 * GST_SECOND, 5 * GST_SECOND);
  ASSERT_EQ(h.pushAudio(noise(3 * 16000), 100 * GST_SECOND), GST_FLOW_OK);
  const Output out = h.eos();
  const auto items = newItems(h.get());
  ASSERT_EQ(items.size(), kSays.size());
  GstClockTime last = 5 * GST_SECOND;
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].content, kSays[i]);
    EXPECT_GE(items[i].runningTime, last);
    EXPECT_LE(items[i].runningTime + items[i].duration, 8500 * GST_MSECOND);
    last = items[i].runningTime;
  }
  ASSERT_FALSE(out.texts().empty());
  EXPECT_EQ(items.front().runningTime + 95 * GST_SECOND, out.texts().front().pts);
}

// transcriberbin's probe: nothing but the child changes state, and all of its pads must answer.
GstClockTime probedLatency(GstElement* element) {
  const Held<GstElement> source(
      GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("fakesrc", nullptr))));
  g_object_set(source.get(), "is-live", TRUE, nullptr);
  EXPECT_TRUE(gst_element_link(source.get(), element));
  EXPECT_NE(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  GstClockTime longest = 0;
  for (GList* at = element->srcpads; at; at = at->next) {
    const Held<GstQuery> query(gst_query_new_latency());
    EXPECT_TRUE(gst_pad_query(GST_PAD(at->data), query.get())) << GST_PAD_NAME(at->data);
    gboolean live = FALSE;
    GstClockTime minimum = 0, maximum = 0;
    gst_query_parse_latency(query.get(), &live, &minimum, &maximum);
    EXPECT_TRUE(live) << GST_PAD_NAME(at->data);
    EXPECT_LE(minimum, maximum);
    longest = std::max(longest, minimum);
  }
  gst_element_unlink(source.get(), element);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  return longest;
}

TEST_F(Contract, AnswersTranscriberBinsProbeAndPlaysAfterIt) {
  const auto element = newElement(transcriber());
  g_object_set(element.get(), "latency", 4000u, "translate-latency", 500u, "lateness", 0u, nullptr);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(probedLatency(element.get()), 4 * GST_SECOND);
    GstPad* pad = gst_element_request_pad_simple(element.get(), "translate_src_%u");
    ASSERT_NE(pad, nullptr);
    EXPECT_EQ(probedLatency(element.get()), 4500 * GST_MSECOND);
    gst_element_release_request_pad(element.get(), pad);
    gst_object_unref(pad);
  }
  Harness h(element.get());
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(noise(32000)), GST_FLOW_OK);
  // As the bin does when its own property changes: then the child goes to NULL and back.
  g_object_set(element.get(), "language-code", "en-US", nullptr);
  EXPECT_EQ(h.eos().joined(), kSaid);
  gst_element_set_state(element.get(), GST_STATE_NULL);
  gst_element_set_state(element.get(), GST_STATE_PLAYING);
  h.pushEvent(gst_event_new_stream_start("again"));
  h.setCaps(kAudioCaps);
  h.segment(0);
  ASSERT_EQ(h.pushAudio(noise(32000)), GST_FLOW_OK);
  EXPECT_EQ(h.eos().joined(), kSaid);
  EXPECT_TRUE(h.errors().empty());
}

/// What a pad of a pipeline gives, by its probe.
struct Tap {
  explicit Tap(GstElement* pipeline, const char* sink) {
    const Held<GstElement> element(gst_bin_get_by_name(GST_BIN(pipeline), sink));
    const Held<GstPad> pad(gst_element_get_static_pad(element.get(), "sink"));
    gst_pad_add_probe(
        pad.get(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          auto& out = static_cast<Tap*>(data)->output;
          if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
            out.buffers.emplace_back(gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info)));
          else
            out.events.emplace_back(gst_event_ref(GST_PAD_PROBE_INFO_EVENT(info)));
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  Output output;  // read it once the pipeline has stopped
};

std::string streamId(const Output& output) {
  const gchar* id = "";
  const auto starts = output.events_of(GST_EVENT_STREAM_START);
  EXPECT_EQ(starts.size(), 1u);
  if (!starts.empty()) gst_event_parse_stream_start(starts[0], &id);
  return id;
}

void expectStream(const Output& output) {
  EXPECT_EQ(output.events_of(GST_EVENT_CAPS).size(), 1u);
  EXPECT_EQ(output.events_of(GST_EVENT_SEGMENT).size(), 1u);
  EXPECT_EQ(output.events_of(GST_EVENT_EOS).size(), 1u);
  GstClockTime last = 0;
  for (const auto& text : output.texts()) {
    EXPECT_GE(text.pts, last);
    last = text.end();
  }
}

TEST_F(Contract, TranslationsReadTheSameEncoderStates) {
  const auto pipeline = newElement(
      "audiotestsrc wave=white-noise num-buffers=400 ! " + transcriber("language=de") +
      "! queue ! fakesink name=a sync=false  t.translate_src_0 ! queue ! fakesink name=b sync=false  "
      "t.translate_src_1 ! queue ! fakesink name=c sync=false");
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  const Held<GstPad> copy(gst_element_get_static_pad(bin.get(), "translate_src_1"));
  g_object_set(copy.get(), "language-code", "de-DE", nullptr);
  Tap a(pipeline.get(), "a"), b(pipeline.get(), "b"), c(pipeline.get(), "c");
  const Played played = play(pipeline.get());
  ASSERT_TRUE(played.eos);
  EXPECT_TRUE(played.errors.empty());
  for (const Tap* tap : {&a, &b, &c}) {
    expectStream(tap->output);
    EXPECT_EQ(tap->output.joined(), a.output.joined());
  }
  EXPECT_EQ(a.output.joined().find(kSaid), 0u);
  EXPECT_NE(streamId(a.output), streamId(b.output));
  EXPECT_NE(streamId(c.output), streamId(b.output));
  for (const auto& [tap, language] : {std::pair{&a, "de"}, {&b, "en"}, {&c, "de"}}) {
    gchar* code = nullptr;
    for (GstEvent* event : tap->output.events_of(GST_EVENT_TAG)) {
      GstTagList* tags = nullptr;
      gst_event_parse_tag(event, &tags);
      if (!code) gst_tag_list_get_string(tags, GST_TAG_LANGUAGE_CODE, &code);
    }
    EXPECT_STREQ(code, language);
    g_free(code);
  }
  const Held<GstElement> encoder(gst_bin_get_by_name(GST_BIN(pipeline.get()), "npuwhisperenc"));
  const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(pipeline.get()), "npuwhisperdec"));
  EXPECT_EQ(Harness::stat(encoder.get(), "windows"), Harness::stat(decoder.get(), "windows"));
}

TEST_F(Contract, OnlyEnglishAndTheSpokenLanguageCanBeAskedFor) {
  const auto pipeline = newElement("audiotestsrc wave=white-noise num-buffers=100 ! " +
                                   transcriber("language=de") + "! fakesink  t.translate_src_0 ! fakesink");
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  const Held<GstPad> pad(gst_element_get_static_pad(bin.get(), "translate_src_0"));
  g_object_set(pad.get(), "language-code", "fr", nullptr);
  const Played played = play(pipeline.get());
  EXPECT_FALSE(played.eos);
  ASSERT_FALSE(played.ownErrors.empty());
  for (const char* part : {"translate_src_0", "\"fr\"", "\"en\"", "\"de\""})
    EXPECT_NE(played.ownErrors[0].find(part), std::string::npos) << played.ownErrors[0];
}

TEST_F(Contract, LiveTranslationsAreCompleteAndKeepGoing) {
  const auto pipeline = newElement(
      "audiotestsrc is-live=true wave=white-noise num-buffers=70 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000 ! " +
      transcriber("language=de step=200") +
      "! fakesink name=a sync=false async=false  t.translate_src_0 ! fakesink name=b sync=false async=false");
  Tap a(pipeline.get(), "a"), b(pipeline.get(), "b");
  ASSERT_TRUE(play(pipeline.get()).eos);
  for (const Tap* tap : {&a, &b}) {
    expectStream(tap->output);
    EXPECT_EQ(tap->output.joined(), kSaid);
    EXPECT_FALSE(tap->output.events_of(GST_EVENT_GAP).empty());
  }
}

TEST_F(Contract, TranslationPadsComeAndGoWhileItPlays) {
  const auto pipeline = newElement("audiotestsrc wave=white-noise ! " + transcriber("language=de") +
                                   "! fakesink sync=false async=false");
  GstBus* bus = gst_element_get_bus(pipeline.get());
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::mt19937 random(11);
  guint64 said = 0;
  for (int round = 0; round < 30; ++round) {
    GstElement* sink = gst_element_factory_make("fakesink", nullptr);
    g_object_set(sink, "async", FALSE, nullptr);
    gst_bin_add(GST_BIN(pipeline.get()), GST_ELEMENT(gst_object_ref(sink)));
    gst_element_sync_state_with_parent(sink);
    const Held<GstPad> pad(gst_element_request_pad_simple(bin.get(), "translate_src_%u"));
    const Held<GstPad> to(gst_element_get_static_pad(sink, "sink"));
    ASSERT_EQ(gst_pad_link(pad.get(), to.get()), GST_PAD_LINK_OK);
    const auto rendered = [&] {
      GstStructure* stats = nullptr;
      g_object_get(sink, "stats", &stats, nullptr);
      guint64 count = 0;
      gst_structure_get_uint64(stats, "rendered", &count);
      gst_structure_free(stats);
      return count;
    };
    // With its own words as context this model has nothing more to say: the first pad waits for them.
    for (int i = 0; round == 0 && rendered() == 0 && i < 3000; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    said += rendered();
    gst_pad_unlink(pad.get(), to.get());
    gst_element_release_request_pad(bin.get(), pad.get());
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(pipeline.get()), sink);
    gst_object_unref(sink);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_READY);
  EXPECT_TRUE(errorsOn(bus).empty());
  EXPECT_GT(said, 0u);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  gst_object_unref(bus);
}

}  // namespace
}  // namespace npuspeech::test
