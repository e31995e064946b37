// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever applications do to the elements, in random order: states, seeks, flushes, segments, caps, pads
// that come and go, whole bins that come and go, sinks that fail. Nothing hangs, crashes, or loses a stream's
// last words.
//
// NPUSPEECH_TEST_ROUNDS says how many rounds of each (60), NPUSPEECH_TEST_SEED with which numbers (1).
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <random>
#include <thread>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using namespace std::chrono_literals;

int fromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

/// Ends the process, for a debugger's sake with a core, where a round takes minutes.
class Watchdog {
 public:
  Watchdog()
      : thread_([this](const std::stop_token& stop) {
          for (int last = -1, waited = 0; !stop.stop_requested(); std::this_thread::sleep_for(100ms)) {
            waited = last == round_ ? waited + 1 : 0;
            last = round_;
            if (waited < 1200) continue;
            std::cerr << "round " << last << " hangs\n";
            std::abort();
          }
        }) {}
  void feed(int round) { round_ = round; }

 private:
  std::atomic<int> round_{0};
  std::jthread thread_;
};

class Rounds : public ::testing::Test {
 protected:
  Rounds() : engine_(newElement("npuwhisperenc threads=1 model=" + model_.path())) {
    std::cout << rounds_ << " rounds, seed " << seed_ << '\n';
    gst_element_set_state(engine_.get(), GST_STATE_READY);  // one load for all of them
  }
  ~Rounds() override { gst_element_set_state(engine_.get(), GST_STATE_NULL); }

  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  void sleep(unsigned microseconds) {
    std::this_thread::sleep_for(std::chrono::microseconds(below(microseconds)));
  }
  template <class Round>
  void repeat(Round&& round) {
    for (int i = 0; i < rounds_ && !HasFailure(); ++i) {
      SCOPED_TRACE("round " + std::to_string(i));
      watchdog_.feed(i);
      round(i);
    }
  }
  std::string transcriber(const std::string& more = "") const {
    return "nputranscriber vad-model=\"\" threads=1 step=100 language=de model=" + model_.path() + " " +
           more + " ";
  }
  static std::string noiseSource(bool live, const std::string& more = "") {
    return "audiotestsrc wave=white-noise samplesperbuffer=320 " + std::string(live ? "is-live=true " : "") +
           more + " ! audio/x-raw,rate=16000 ! ";
  }

  const int rounds_ = fromEnvironment("NPUSPEECH_TEST_ROUNDS", 60);
  const int seed_ = fromEnvironment("NPUSPEECH_TEST_SEED", 1);
  std::mt19937 random_{static_cast<unsigned>(seed_)};
  TinyModel model_{{.says = kSays}};
  const Held<GstElement> engine_;
  Watchdog watchdog_;
};

/// Whether a pipeline arrives where it was sent.
bool settles(GstElement* pipeline) {
  return gst_element_get_state(pipeline, nullptr, nullptr, 60 * GST_SECOND) != GST_STATE_CHANGE_ASYNC;
}

TEST_F(Rounds, StatesAndSeeks) {
  Held<GstElement> pipelines[2];
  for (const int live : {0, 1}) {
    // A sink that a flush has emptied waits for what a live source does not send in PAUSED.
    const std::string sink = std::string("fakesink sync=false ") + (live ? "async=false " : "");
    pipelines[live] = newElement(noiseSource(live) + transcriber("name=t") + "! " + sink +
                                 "name=s  t.translate_src_0 ! " + sink + "t.unsynced_src ! " + sink);
  }
  repeat([&](int) {
    GstElement* pipeline = pipelines[below(2)].get();
    const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline), "s"));
    for (unsigned step = below(4) + 1; step > 0; --step) {
      const unsigned what = below(8);
      const bool isPlaying = what == 5 && settles(pipeline) && GST_STATE(pipeline) == GST_STATE_PLAYING;
      const auto start = static_cast<gint64>(below(5000) * GST_MSECOND);
      constexpr GstState states[] = {GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING};
      if (what < 4)
        gst_element_set_state(pipeline, states[what]);
      else if (what == 4)
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
      else  // without a flush, a seek waits for sinks, and so for PLAYING
        gst_element_seek(sink.get(), below(2) ? 1.0 : 0.5 + below(3), GST_FORMAT_TIME,
                         isPlaying ? GST_SEEK_FLAG_NONE : GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, start,
                         GST_SEEK_TYPE_NONE, -1);
      sleep(4000);
    }
    EXPECT_TRUE(settles(pipeline));
    gst_element_set_state(pipeline, GST_STATE_PAUSED);  // no processor is left to the other else
  });
  for (const auto& pipeline : pipelines) {
    GstBus* bus = gst_element_get_bus(pipeline.get());
    EXPECT_TRUE(errorsOn(bus).empty());
    gst_object_unref(bus);
    EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}

/// A stream of events and sound as no application sends it; in the end comes a sentence.
class Hostile {
 public:
  Hostile(Harness& harness, std::mt19937& random) : h_(harness), random_(random) {}

  void step() {
    switch (random_() % 10) {
      case 0:
        h_.flush();
        h_.segment(at_);
        break;
      case 1:
        at_ = random_() % 3000 * GST_SECOND;
        h_.segment(at_, random_() % 100 * GST_SECOND);
        break;
      case 2:
        h_.pushEvent(gst_event_new_gap(at_, random_() % 3000 * GST_MSECOND));
        break;
      case 3:
        caps(1 + static_cast<int>(random_() % 6));
        break;
      case 4:
        h_.pushEvent(gst_event_new_stream_start(random_() % 2 ? "one" : "two"));
        h_.segment(at_);
        break;
      case 5:
        h_.pushEvent(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "title", nullptr)));
        break;
      case 6:
        gst_pad_push_event(h_.get()->sinkpad, gst_event_new_reconfigure());
        break;
      case 7:
        at_ += random_() % 4000 * GST_MSECOND;
        break;
      default:
        sound(random_() % 32000);
    }
  }
  void sentence() {
    h_.flush();
    h_.segment(0);
    caps(1);
    at_ = 0;
    sound(16000);
  }

 private:
  void caps(int channels) {
    channels_ = channels;
    const std::string text =
        "audio/x-raw,format=F32LE,rate=16000,layout=interleaved,channel-mask=(bitmask)0,"
        "channels=" +
        std::to_string(channels);
    h_.setCaps(text.c_str());
  }
  void sound(size_t frames) {
    auto buffer = audioBuffer(noise(frames * static_cast<size_t>(channels_)), at_);
    GST_BUFFER_DURATION(buffer.get()) = frames * kSample;
    if (random_() % 8 == 0) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
    if (random_() % 8 == 0) GST_BUFFER_PTS(buffer.get()) = GST_CLOCK_TIME_NONE;
    EXPECT_EQ(h_.push(std::move(buffer)), GST_FLOW_OK);
    at_ += frames * kSample;
  }

  Harness& h_;
  std::mt19937& random_;
  int channels_ = 1;
  GstClockTime at_ = 0;
};

TEST_F(Rounds, FlushesSegmentsCapsAndGaps) {
  for (const bool live : {false, true}) {
    Harness h(transcriber());
    gst_harness_set_live(h.get(), live);
    h.setCaps(kAudioCaps);
    Hostile hostile(h, random_);
    repeat([&](int) {
      for (unsigned step = below(5); step > 0; --step) hostile.step();
      h.take();
      hostile.sentence();
      const Output out = h.eos();
      EXPECT_TRUE(out.joined().ends_with(kSaid)) << out.joined();
      // A new stream, or a flush that takes the end back.
      if (below(2)) h.pushEvent(gst_event_new_stream_start("next"));
      h.flush();
      h.segment(0);
    });
    EXPECT_TRUE(h.errors().empty());
  }
}

/// A sink of its own in a running pipeline.
GstElement* addSink(GstElement* pipeline,
                    const std::string& description = "fakesink async=false sync=false") {
  GstElement* sink = gst_parse_bin_from_description(description.c_str(), TRUE, nullptr);
  gst_bin_add(GST_BIN(pipeline), GST_ELEMENT(gst_object_ref(sink)));
  gst_element_sync_state_with_parent(sink);
  return sink;
}

void removeSink(GstElement* pipeline, GstElement* sink) {
  gst_element_set_state(sink, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline), sink);
  gst_object_unref(sink);
}

void link(GstPad* src, GstElement* sink) {
  const Held<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  EXPECT_EQ(gst_pad_link(src, pad.get()), GST_PAD_LINK_OK);
}

TEST_F(Rounds, PadsComeAndGo) {
  const auto pipeline = newElement(
      "audiotestsrc is-live=true wave=white-noise samplesperbuffer=320 ! "
      "audio/x-raw,rate=16000 ! tee allow-not-linked=true ! " +
      transcriber("name=t") + "! fakesink name=s sync=false async=false");
  const Held<GstElement> bin(gst_bin_get_by_name(GST_BIN(pipeline.get()), "t"));
  const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "s"));
  const Held<GstPad> src(gst_element_get_static_pad(bin.get(), "src"));
  const Held<GstPad> to(gst_element_get_static_pad(sink.get(), "sink"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::vector<std::pair<Held<GstPad>, GstElement*>> pads;
  const auto release = [&](size_t i) {
    auto [pad, own] = std::move(pads[i]);
    pads.erase(pads.begin() + static_cast<std::ptrdiff_t>(i));
    const bool sinkFirst = below(2);
    if (own && sinkFirst) removeSink(pipeline.get(), own);
    gst_element_release_request_pad(bin.get(), pad.get());
    if (own && !sinkFirst) removeSink(pipeline.get(), own);
  };
  repeat([&](int) {
    const unsigned what = below(6);
    if (what < 2 && pads.size() < 4) {
      Held<GstPad> pad(gst_element_request_pad_simple(bin.get(), "translate_src_%u"));
      ASSERT_TRUE(pad);
      GstElement* own = below(4) ? addSink(pipeline.get(), below(4) ? "fakesink async=false sync=false"
                                                                    : "fakesink async=false sync=true")
                                 : nullptr;
      if (own) link(pad.get(), own);
      pads.emplace_back(std::move(pad), own);
    } else if (what < 4 && !pads.empty()) {
      release(below(static_cast<unsigned>(pads.size())));
    } else if (what == 4) {
      gst_pad_unlink(src.get(), to.get());
      sleep(3000);
      EXPECT_EQ(gst_pad_link(src.get(), to.get()), GST_PAD_LINK_OK);
    } else {
      gst_element_set_state(pipeline.get(), below(2) ? GST_STATE_READY : GST_STATE_PAUSED);
      gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    }
    sleep(6000);
  });
  while (!pads.empty()) release(0);
  GstBus* bus = gst_element_get_bus(pipeline.get());
  EXPECT_TRUE(errorsOn(bus).empty());
  gst_element_send_event(pipeline.get(), gst_event_new_eos());
  GstMessage* end = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS);
  EXPECT_NE(end, nullptr);
  if (end) gst_message_unref(end);
  gst_object_unref(bus);
  EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

/// Does something while nothing passes a source pad. Linking a pad of tee while it pushes can lose that pad's
/// sticky events: GStreamer notes them as sent where the link comes in the middle of sending them to nobody.
void whileIdle(GstPad* pad, std::function<void()> act) {
  using Task = std::packaged_task<void()>;
  auto* const task = new Task(std::move(act));
  auto done = task->get_future();
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_IDLE,
      [](GstPad*, GstPadProbeInfo*, gpointer data) {
        (*static_cast<Task*>(data))();
        return GST_PAD_PROBE_REMOVE;
      },
      task, [](gpointer data) { delete static_cast<Task*>(data); });
  done.wait();
}

TEST_F(Rounds, BinsComeAndGo) {
  const auto pipeline =
      newElement(noiseSource(true) + "tee name=tee allow-not-linked=true ! queue ! fakesink");
  const Held<GstElement> tee(gst_bin_get_by_name(GST_BIN(pipeline.get()), "tee"));
  const Held<GstPad> teeSink(gst_element_get_static_pad(tee.get(), "sink"));
  const Held<GstPad> source(gst_pad_get_peer(teeSink.get()));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::vector<std::pair<Held<GstPad>, GstElement*>> branches;
  repeat([&](int) {
    if (branches.size() < 3 && below(2)) {
      GstElement* branch = addSink(
          pipeline.get(), (below(2) ? "queue ! " : "") + transcriber("name=t") +
                              "! fakesink async=false sync=false  t.translate_src_0 ! fakesink async=false");
      whileIdle(source.get(), [&] {
        branches.emplace_back(gst_element_request_pad_simple(tee.get(), "src_%u"), branch);
        link(branches.back().first.get(), branch);
      });
    } else if (!branches.empty()) {
      const auto [pad, branch] = std::move(branches.front());
      branches.erase(branches.begin());
      gst_element_release_request_pad(tee.get(), pad.get());
      removeSink(pipeline.get(), branch);
    }
    sleep(8000);
  });
  GstBus* bus = gst_element_get_bus(pipeline.get());
  EXPECT_TRUE(errorsOn(bus).empty());
  gst_object_unref(bus);
  EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
}

/// Lets a pad's n-th buffer fail.
struct Failure {
  std::atomic<int> left{0};
  std::atomic<GstFlowReturn> flow{GST_FLOW_ERROR};
};

TEST_F(Rounds, SinksFail) {
  const auto pipeline =
      newElement("audiotestsrc name=a wave=white-noise samplesperbuffer=16000 ! audio/x-raw,rate=16000 ! " +
                 transcriber("name=t") +
                 "! fakesink name=s async=false  t.translate_src_0 ! fakesink name=u async=false");
  const Held<GstElement> source(gst_bin_get_by_name(GST_BIN(pipeline.get()), "a"));
  Failure failures[2];
  for (const int i : {0, 1}) {
    const Held<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), i ? "u" : "s"));
    const Held<GstPad> pad(gst_element_get_static_pad(sink.get(), "sink"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          auto* failure = static_cast<Failure*>(data);
          if (failure->left-- > 0) return GST_PAD_PROBE_OK;
          gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
          GST_PAD_PROBE_INFO_DATA(info) = nullptr;
          GST_PAD_PROBE_INFO_FLOW_RETURN(info) = failure->flow;
          return GST_PAD_PROBE_HANDLED;
        },
        &failures[i], nullptr);
  }
  constexpr GstFlowReturn flows[] = {GST_FLOW_EOS,           GST_FLOW_ERROR,      GST_FLOW_NOT_NEGOTIATED,
                                     GST_FLOW_NOT_SUPPORTED, GST_FLOW_NOT_LINKED, GST_FLOW_CUSTOM_ERROR};
  GstBus* bus = gst_element_get_bus(pipeline.get());
  repeat([&](int) {
    for (Failure& failure : failures) {
      failure.left = static_cast<int>(below(8));
      failure.flow = flows[below(6)];
    }
    g_object_set(source.get(), "num-buffers", static_cast<int>(below(40)), nullptr);
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    GstMessage* end = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    EXPECT_NE(end, nullptr) << "no end";
    if (end) gst_message_unref(end);
    gst_element_set_state(pipeline.get(), below(2) ? GST_STATE_READY : GST_STATE_NULL);
    errorsOn(bus);
  });
  EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_object_unref(bus);
}

}  // namespace
}  // namespace npuspeech::test
