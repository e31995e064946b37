// SPDX-License-Identifier: LGPL-2.1-or-later
// Live streams in bad conditions: seeks and stops at random moments, lost and late audio, a starved
// processor, four at once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

class Robustness : public ::testing::Test {
 protected:
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber vad-model=\"\" threads=1 step=100 model=" + model_.path() + " " + more + " ";
  }
  static std::string liveAudio(const std::string& more = "") {
    return "audiotestsrc is-live=true wave=white-noise samplesperbuffer=320 " + more +
           " ! audio/x-raw,rate=16000 ! ";
  }
  TinyModel model_{{.says = kSays}};
};

/// True once the pipeline has reached `state`: false means that it hangs.
bool reaches(GstElement* pipeline, GstState state) {
  gst_element_set_state(pipeline, state);
  return gst_element_get_state(pipeline, nullptr, nullptr, 30 * GST_SECOND) != GST_STATE_CHANGE_ASYNC;
}

TEST_F(Robustness, SeeksAndStopsAtRandomMomentsLiveAndNot) {
  std::mt19937 random(5);
  for (const bool live : {false, true}) {
    const auto pipeline = newElement(
        (live ? liveAudio() : "audiotestsrc wave=white-noise ! audio/x-raw,rate=16000 ! ") +
        transcriber("name=t language=de") +
        "! fakesink name=s sync=false async=false  t.translate_src_0 ! fakesink sync=false async=false");
    GstBus* bus = gst_element_get_bus(pipeline.get());
    const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "s"));
    ASSERT_TRUE(reaches(pipeline.get(), GST_STATE_PLAYING));
    for (int round = 0; round < 100; ++round) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      if (random() % 4 == 0) {
        ASSERT_TRUE(reaches(pipeline.get(), random() % 2 ? GST_STATE_READY : GST_STATE_PAUSED)) << round;
        ASSERT_TRUE(reaches(pipeline.get(), GST_STATE_PLAYING)) << round;
      } else {
        const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH);
        gst_element_seek_simple(sink.get(), GST_FORMAT_TIME, flags,
                                static_cast<gint64>(random() % 1000) * static_cast<gint64>(GST_SECOND));
      }
    }
    EXPECT_TRUE(errorsOn(bus).empty());
    ASSERT_TRUE(reaches(pipeline.get(), GST_STATE_NULL));
    gst_object_unref(bus);
  }
}

// Buffers are missing, flagged DISCONT, replaced by GAPs, or off by up to 30 ms; the text goes on to the end.
TEST_F(Robustness, LostAndLateAudioNeitherStopsNorDisordersTheText) {
  std::mt19937 random(6);
  Harness h(transcriber());
  gst_harness_set_live(h.get(), TRUE);
  h.setCaps(kAudioCaps);
  const auto samples = noise(320);
  GstClockTime at = GST_SECOND;
  int breaks = 0, flaws = 1;  // surely behind missing audio; perhaps, as the last part is
  bool isMarked = false;
  for (int i = 0; i < 1500; ++i, at += 20 * GST_MSECOND) {
    const unsigned fate = random() % 50;
    if (fate == 0) {
      const GstClockTime hole = (random() % 2000) * GST_MSECOND;
      at += hole;
      isMarked |= hole > 1060 * GST_MSECOND;
      if (hole <= 1060 * GST_MSECOND) ++flaws;
    } else if (fate == 1) {
      EXPECT_TRUE(h.pushEvent(gst_event_new_gap(at, 20 * GST_MSECOND)));
    } else {
      auto buffer = audioBuffer(samples, at + (random() % 60) * GST_MSECOND - 30 * GST_MSECOND);
      if (fate == 2) ++flaws;
      if (isMarked) ++breaks;
      if (isMarked || fate == 2) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
      isMarked = false;
      ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    }
  }
  at += 5 * GST_SECOND;
  const GstClockTime lastPart = at;
  ASSERT_EQ(h.pushAudio(noise(32000), at, 320), GST_FLOW_OK);
  const Output out = h.eos();
  GstClockTime last = 0;
  for (const auto& text : out.texts()) {
    EXPECT_GE(text.pts, last);
    last = text.end();
  }
  // With its own words as context, this model has nothing more to say: it speaks where audio was missing.
  std::string said = kSaid;
  int parts = 1;
  for (; said.size() < out.joined().size(); ++parts) said.append(" ").append(kSaid);
  EXPECT_EQ(out.joined(), said);
  EXPECT_GT(parts, breaks);
  EXPECT_LE(parts, breaks + flaws + 1);
  for (GstEvent* event : out.events_of(GST_EVENT_GAP)) {
    GstClockTime start = 0, duration = 0;
    gst_event_parse_gap(event, &start, &duration);
    last = std::max(last, start + duration);
  }
  EXPECT_GE(last + 40 * GST_MSECOND, lastPart + 2 * GST_SECOND);
  EXPECT_TRUE(h.errors().empty());
}

TEST_F(Robustness, FourLiveStreamsShareOneEngine) {
  const std::vector<std::string> names = {"t0", "t1", "t2", "t3"};
  std::string launch;
  for (const std::string& name : names)
    launch.append(liveAudio("num-buffers=300"))
        .append(transcriber("name=" + name))
        .append("! fakesink sync=false async=false ");
  const auto pipeline = newElement(launch);
  const Played played = play(pipeline.get());
  EXPECT_TRUE(played.eos);
  EXPECT_TRUE(played.errors.empty());
  for (const std::string& name : names) {
    const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), name.c_str()));
    const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(bin.get()), "npuwhisperdec"));
    EXPECT_GE(Harness::stat(decoder.get(), "windows"), 2u) << name;
  }
}

/// The delay of the text that comes now, as the pad's last buffer tells.
struct DelayMeter {
  std::atomic<GstClockTime> delay{0}, at{0};
  std::atomic<int> buffers{0};
};

// Spinning threads take the processor for 6 s; at most 15 s later text comes as soon as before.
TEST_F(Robustness, RecoversFromAStarvedProcessor) {
  const auto pipeline = newElement(
      "audiotestsrc is-live=true wave=white-noise samplesperbuffer=320 ! audio/x-raw,rate=16000 ! " +
      transcriber() + "! fakesink name=s sync=false async=false");
  const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "s"));
  const Held<GstPad> pad(gst_element_get_static_pad(sink.get(), "sink"));
  DelayMeter meter;
  g_object_set_data(G_OBJECT(pad.get()), "meter", &meter);
  // The stream of text stands where its last buffer or gap ends: that may not fall behind the clock.
  gst_pad_add_probe(
      pad.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      [](GstPad* p, GstPadProbeInfo* info, gpointer) {
        auto* m = static_cast<DelayMeter*>(g_object_get_data(G_OBJECT(p), "meter"));
        GstClockTime start = GST_CLOCK_TIME_NONE, duration = 0;
        if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
          start = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
          duration = GST_BUFFER_DURATION(GST_PAD_PROBE_INFO_BUFFER(info));
          ++m->buffers;
        } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_GAP) {
          gst_event_parse_gap(GST_PAD_PROBE_INFO_EVENT(info), &start, &duration);
        }
        if (!GST_CLOCK_TIME_IS_VALID(start)) return GST_PAD_PROBE_OK;
        const GstClockTime now =
            gst_element_get_current_running_time(GST_ELEMENT(GST_OBJECT_PARENT(GST_OBJECT(p))));
        const GstClockTime end = start + duration;
        m->delay = GST_CLOCK_TIME_IS_VALID(now) && now > end ? now - end : 0;
        m->at = end;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  ASSERT_TRUE(reaches(pipeline.get(), GST_STATE_PLAYING));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  {
    std::atomic<bool> stop{false};
    std::vector<std::jthread> spinners;
    for (unsigned i = 0; i < 4 * std::max(1u, std::thread::hardware_concurrency()); ++i)
      spinners.emplace_back([&] {
        while (!stop) {
        }
      });
    std::this_thread::sleep_for(std::chrono::seconds(6));
    stop = true;
  }
  const auto now = [&] { return gst_element_get_current_running_time(pipeline.get()); };
  const GstClockTime freed = now();
  // About audio that came when the processor was free again.
  const auto hasRecovered = [&] {
    return meter.at > freed + 2 * GST_SECOND && meter.delay < 4 * GST_SECOND &&
           meter.at + 4 * GST_SECOND > now();
  };
  bool recovered = false;
  while (!(recovered = hasRecovered()) && now() < freed + 15 * GST_SECOND)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(recovered) << "freed at " << freed / GST_MSECOND << " ms; at " << now() / GST_MSECOND
                         << " ms text stands at " << meter.at / GST_MSECOND << " ms, and came "
                         << meter.delay / GST_MSECOND << " ms late";
  EXPECT_GT(meter.buffers, 0);
  GstBus* bus = gst_element_get_bus(pipeline.get());
  ASSERT_TRUE(gst_element_send_event(pipeline.get(), gst_event_new_eos()));
  GstMessage* end = gst_bus_timed_pop_filtered(
      bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  ASSERT_NE(end, nullptr) << "hangs";
  EXPECT_EQ(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS);
  gst_message_unref(end);
  ASSERT_TRUE(reaches(pipeline.get(), GST_STATE_NULL));
  gst_object_unref(bus);
}

}  // namespace
}  // namespace npuspeech::test
