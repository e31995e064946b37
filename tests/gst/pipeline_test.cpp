// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements together: no copy between them, no word lost, muxers, seeks, restarts, what transcriberbin
// asks.
#include <gst/allocators/allocators.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

std::string repeated(size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += (i ? " " : "") + std::string(kSaid);
  return all;
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Pipeline : public ::testing::Test {
 protected:
  std::string model() const { return " threads=1 model=" + model_.path() + " "; }
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber name=t vad-model=\"\"" + model() + more + " ";
  }
  /// `seconds` of noise at a rate and format that must be converted.
  static std::string audio(int seconds, const std::string& more = "") {
    return "audiotestsrc wave=white-noise samplesperbuffer=4800 num-buffers=" + std::to_string(seconds * 10) +
           " " + more + " ! audio/x-raw,format=S16LE,rate=48000,channels=2 ! ";
  }
  TinyModel model_{{.says = kSays}};
};

TEST_F(Pipeline, NothingIsCopiedBetweenTheElements) {
  const auto pipeline = newElement(
      "audiotestsrc wave=white-noise num-buffers=650 ! npumel name=m vad-model=\"\" ! "
      "npuwhisperenc name=e" +
      model() + "! npuwhisperdec name=d" + model() + "! fakesink");
  // Descriptors of the tensors that leave one element and reach the next.
  struct Seen {
    std::mutex mutex;
    std::map<std::string, std::vector<int>> descriptors;
  } seen;
  std::vector<std::pair<Held<GstPad>, gulong>> probes;
  for (const auto& [element, pad] : {std::pair{"m", "src"}, {"e", "sink"}, {"e", "src"}, {"d", "sink"}}) {
    const Held<GstElement> part(gst_bin_get_by_name(GST_BIN(pipeline.get()), element));
    Held<GstPad> at(gst_element_get_static_pad(part.get(), pad));
    g_object_set_data(G_OBJECT(at.get()), "seen", &seen);
    const gulong id = gst_pad_add_probe(
        at.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad* p, GstPadProbeInfo* info, gpointer) {
          auto* s = static_cast<Seen*>(g_object_get_data(G_OBJECT(p), "seen"));
          GstMemory* memory = gst_buffer_peek_memory(GST_PAD_PROBE_INFO_BUFFER(info), 0);
          const std::lock_guard lock(s->mutex);
          s->descriptors[std::string(GST_OBJECT_NAME(GST_OBJECT_PARENT(p))) + GST_OBJECT_NAME(p)].push_back(
              gst_is_fd_memory(memory) ? gst_fd_memory_get_fd(memory) : -1);
          return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    probes.emplace_back(std::move(at), id);
  }
  ASSERT_TRUE(play(pipeline.get()).eos);
  EXPECT_GE(seen.descriptors["msrc"].size(), 2u);
  EXPECT_EQ(seen.descriptors["msrc"], seen.descriptors["esink"]);
  EXPECT_EQ(seen.descriptors["esrc"], seen.descriptors["dsink"]);
  for (const auto& [pad, descriptors] : seen.descriptors)
    EXPECT_EQ(std::count(descriptors.begin(), descriptors.end(), -1), 0) << pad;
  for (const char* name : {"e", "d"}) {
    const Held<GstElement> part(gst_bin_get_by_name(GST_BIN(pipeline.get()), name));
    EXPECT_EQ(Harness::stat(part.get(), "copies"), 0u) << name;
    EXPECT_GE(Harness::stat(part.get(), "windows"), 2u) << name;
  }
}

TEST_F(Pipeline, NothingIsCopiedBehindATee) {
  const auto pipeline = newElement(
      "audiotestsrc wave=white-noise num-buffers=100 ! npumel vad-model=\"\" ! tee name=x  x. ! queue ! "
      "npuwhisperenc name=a" +
      model() + "! tee name=y  x. ! queue ! npuwhisperenc name=b" + model() +
      "! fakesink async=false  y. ! queue ! npuwhisperdec name=c" + model() +
      "! fakesink async=false  y. ! queue ! npuwhisperdec name=d" + model() + "! fakesink async=false");
  ASSERT_TRUE(play(pipeline.get()).eos);
  for (const char* name : {"a", "b", "c", "d"}) {
    const Held<GstElement> part(gst_bin_get_by_name(GST_BIN(pipeline.get()), name));
    EXPECT_EQ(Harness::stat(part.get(), "copies"), 0u) << name;
    EXPECT_GE(Harness::stat(part.get(), "windows"), 1u) << name;
  }
}

// Positions around frames, blocks of the detector and the window; each stream's words are all there.
TEST_F(Pipeline, NoWordIsLostWhereverTheStreamEnds) {
  const auto samples = noise(520000);
  for (size_t length : {1u, 160u, 1601u, 16000u, 40007u, 160001u, 479999u, 480000u, 480001u, 519999u}) {
    Harness h(transcriber());
    h.setCaps(kAudioCaps);
    ASSERT_EQ(h.pushAudio({samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(length)}, 0, 997),
              GST_FLOW_OK);
    const Output out = h.eos();
    const Held<GstElement> mel(gst_bin_get_by_name(GST_BIN(h.element()), "npumel"));
    const auto windows = Harness::stat(mel.get(), "windows");
    EXPECT_GE(windows, 1u);
    EXPECT_EQ(out.joined(), repeated(windows)) << length;
    EXPECT_TRUE(h.errors().empty());
  }
}

TEST_F(Pipeline, AFlushingSeekStartsAnew) {
  const auto pipeline =
      newElement(audio(600) + transcriber() + "! fakesink name=sink signal-handoffs=true sync=false");
  struct Handoffs {
    std::mutex mutex;
    std::vector<GstClockTime> times;
  } handoffs;
  const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
  g_signal_connect(sink.get(), "handoff",
                   G_CALLBACK(+[](GstElement*, GstBuffer* buffer, GstPad*, gpointer data) {
                     auto* h = static_cast<Handoffs*>(data);
                     const std::lock_guard lock(h->mutex);
                     h->times.push_back(GST_BUFFER_PTS(buffer));
                   }),
                   &handoffs);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 60 * GST_SECOND),
            GST_STATE_CHANGE_SUCCESS);
  for (int round = 0; round < 8; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
    const GstClockTime target = static_cast<GstClockTime>(100 + 40 * round) * GST_SECOND;
    const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET,
                                 static_cast<gint64>(target), GST_SEEK_TYPE_NONE, -1));
    {
      const std::lock_guard lock(handoffs.mutex);
      handoffs.times.clear();
    }
    ASSERT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 60 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS);
    const std::lock_guard lock(handoffs.mutex);
    for (GstClockTime time : handoffs.times) EXPECT_GE(time, target);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

// In a second no pause, wherever the random weights look, is long enough to part the sentence.
TEST_F(Pipeline, WritesWebVtt) {
  TempFolder folder;
  ASSERT_TRUE(run(audio(1) + transcriber("granularity=segment") +
                  "! webvttenc ! filesink location=" + folder.file("a.vtt"))
                  .eos);
  const std::string vtt = contents(folder.file("a.vtt"));
  EXPECT_EQ(vtt.rfind("WEBVTT", 0), 0u) << vtt;
  EXPECT_NE(vtt.find(std::string("\n") + kSaid + "\n"), std::string::npos) << vtt;
  EXPECT_NE(vtt.find("00:00:00."), std::string::npos) << vtt;
}

TEST_F(Pipeline, WritesSrtThatGStreamerReadsBack) {
  TempFolder folder;
  ASSERT_TRUE(run(audio(1) + transcriber("granularity=segment") +
                  "! srtenc ! filesink location=" + folder.file("a.srt"))
                  .eos);
  ASSERT_TRUE(run("filesrc location=" + folder.file("a.srt") +
                  " ! subparse ! text/x-raw,format=pango-markup ! filesink location=" + folder.file("a.txt"))
                  .eos);
  EXPECT_EQ(contents(folder.file("a.txt")), kSaid);
}

TEST_F(Pipeline, MuxesTextBesideItsAudio) {
  TempFolder folder;
  const std::string mkv = folder.file("a.mkv");
  ASSERT_TRUE(run(audio(4) + "tee name=x  matroskamux name=mux ! filesink location=" + mkv +
                  "  x. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! mux.  x. ! queue ! " +
                  transcriber() + "! queue ! mux.")
                  .eos);
  const std::string text = folder.file("a.txt");
  ASSERT_TRUE(run("filesrc location=" + mkv +
                  " ! matroskademux name=d  d.subtitle_0 ! queue ! filesink async=false location=" + text +
                  "  d.audio_0 ! queue ! fakesink async=false")
                  .eos);
  std::string said = kSaid;
  said.erase(std::remove(said.begin(), said.end(), ' '), said.end());
  EXPECT_EQ(contents(text), said);
}

TEST_F(Pipeline, TakesLiveAudio) {
  const auto pipeline = newElement(
      "audiotestsrc is-live=true wave=white-noise num-buffers=20 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000 ! " +
      transcriber("latency=700") + "! fakesink name=sink sync=false");
  const Played played = play(pipeline.get());
  EXPECT_TRUE(played.eos);
  const Held<GstElement> decoder(gst_bin_get_by_name(GST_BIN(pipeline.get()), "npuwhisperdec"));
  EXPECT_GE(
      Harness::stat(decoder.get(), "windows") + Harness::stat(decoder.get(), "dropped") +
          Harness::stat(Held<GstElement>(gst_bin_get_by_name(GST_BIN(pipeline.get()), "npuwhisperenc")).get(),
                        "dropped"),
      3u)
      << "partial windows";
}

// What gst-plugins-rs's transcriberbin does with its child before there is any audio.
TEST_F(Pipeline, AnswersATranscriberBinsProbe) {
  const auto element = newElement(transcriber());
  const Held<GstPad> src(gst_element_get_static_pad(element.get(), "src"));
  const Held<GstPad> sink(gst_element_get_static_pad(element.get(), "sink"));
  ASSERT_TRUE(src && sink);
  g_object_set(element.get(), "latency", 4000u, "lateness", 100u, "language-code", "de", nullptr);
  const Held<char> language([&] {
    gchar* text = nullptr;
    g_object_get(element.get(), "language", &text, nullptr);
    return text;
  }());
  EXPECT_STREQ(language.get(), "de");

  const Held<GstElement> probe(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("probe"))));
  GstElement* live = gst_element_factory_make("fakesrc", nullptr);
  g_object_set(live, "is-live", TRUE, nullptr);
  gst_bin_add_many(GST_BIN(probe.get()), live, GST_ELEMENT(gst_object_ref(element.get())), nullptr);
  ASSERT_TRUE(gst_element_link(live, element.get()));
  gst_element_set_state(probe.get(), GST_STATE_PAUSED);
  const Held<GstQuery> query(gst_query_new_latency());
  ASSERT_TRUE(gst_pad_query(src.get(), query.get()));
  gboolean isLive = FALSE;
  GstClockTime minimum = 0;
  gst_query_parse_latency(query.get(), &isLive, &minimum, nullptr);
  EXPECT_TRUE(isLive);
  EXPECT_EQ(minimum, 4 * GST_SECOND);
  gst_element_set_state(probe.get(), GST_STATE_NULL);
}

TEST_F(Pipeline, EveryPropertyOfThePartsIsTheBins) {
  const auto bin = newElement("nputranscriber");
  for (const char* name : {"npumel", "npuwhisperenc", "npuwhisperdec"}) {
    const Held<GstElement> part(gst_bin_get_by_name(GST_BIN(bin.get()), name));
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(part.get()), &count);
    for (guint i = 0; i < count; ++i) {
      if (specs[i]->owner_type != G_OBJECT_TYPE(part.get()) || g_str_equal(specs[i]->name, "stats")) continue;
      const GParamSpec* own = g_object_class_find_property(G_OBJECT_GET_CLASS(bin.get()), specs[i]->name);
      ASSERT_NE(own, nullptr) << specs[i]->name;
      EXPECT_EQ(own->value_type, specs[i]->value_type) << specs[i]->name;
    }
    g_free(specs);
  }
  g_object_set(bin.get(), "model", "x", "beam-size", 3u, "step", 400u, nullptr);
  for (const char* name : {"npuwhisperenc", "npuwhisperdec"}) {
    const Held<GstElement> part(gst_bin_get_by_name(GST_BIN(bin.get()), name));
    gchar* model = nullptr;
    g_object_get(part.get(), "model", &model, nullptr);
    EXPECT_STREQ(model, "x") << name;
    g_free(model);
  }
  guint beam = 0, step = 0;
  g_object_get(bin.get(), "beam-size", &beam, "step", &step, nullptr);
  EXPECT_EQ(beam, 3u);
  EXPECT_EQ(step, 400u);
}

TEST_F(Pipeline, AMissingModelIsOneErrorOfOursAndTheNextRunWorks) {
  const auto pipeline = newElement(audio(2) + transcriber("model=/nowhere/whisper") + "! fakesink");
  const Played failed = play(pipeline.get());
  EXPECT_FALSE(failed.eos);
  ASSERT_EQ(failed.ownErrors.size(), 1u);
  EXPECT_NE(failed.ownErrors[0].find("/nowhere/whisper"), std::string::npos) << failed.ownErrors[0];
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  g_object_set(bin.get(), "model", model_.path().c_str(), nullptr);
  const Played played = play(pipeline.get());
  EXPECT_TRUE(played.eos);
  EXPECT_TRUE(played.ownErrors.empty());
}

TEST_F(Pipeline, CapsMayChangeInMidStream) {
  TempFolder folder;
  ASSERT_TRUE(run("concat name=c ! " + transcriber("granularity=segment") +
                  "! filesink location=" + folder.file("a.txt") + " " +
                  "audiotestsrc wave=white-noise num-buffers=15 ! audio/x-raw,rate=16000,channels=1 ! c. " +
                  "audiotestsrc wave=white-noise num-buffers=40 ! audio/x-raw,rate=44100,channels=2 ! c.")
                  .eos);
  EXPECT_EQ(contents(folder.file("a.txt")), std::string(kSaid) + kSaid);
}

}  // namespace
}  // namespace npuspeech::test
