// SPDX-License-Identifier: LGPL-2.1-or-later
// Real speech, live, while the processor is taken away for 10 s: no word is lost, and text is soon as early
// as before.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tests/gst/support.h"
#include "tests/support/recordings.h"
#include "tests/support/word_distance.h"

namespace npuspeech::test {
namespace {

constexpr char kRecording[] = "longform/LJ001_0001-0032_joined.flac";
constexpr size_t kSeconds = 36;
constexpr GstClockTime kStarvedFrom = 10 * GST_SECOND, kStarvedUntil = 20 * GST_SECOND;

/// Threads that compute for nothing while they are told to, so many that next to nothing is left for others.
class Spinners {
 public:
  Spinners() {
    for (unsigned i = 0; i < 64 * std::max(1u, std::thread::hardware_concurrency()); ++i)
      threads_.emplace_back([this](std::stop_token stop) {
        while (!stop.stop_requested()) {
          isOn_.wait(false);
          while (isOn_ && !stop.stop_requested()) {
          }
        }
      });
  }
  ~Spinners() {
    for (auto& thread : threads_) thread.request_stop();
    turn(true);
  }
  void turn(bool on) {
    isOn_ = on;
    isOn_.notify_all();
  }

 private:
  std::atomic<bool> isOn_{false};
  std::vector<std::jthread> threads_;
};

struct LiveWord {
  std::string text;
  GstClockTime start = 0, end = 0, cameAt = 0;
  GstClockTime delay() const { return cameAt > end ? cameAt - end : 0; }
};

std::vector<std::string> bareWords(const auto& words) {
  std::vector<std::string> bared;
  for (const auto& word : words) bared.push_back(bare(word.text));
  return bared;
}

class Starvation : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto model = modelFile("whisper-base");
    NPUSPEECH_REQUIRE(model, "whisper-base");
    const auto vad = modelFile("silero-vad/silero_vad_16k.safetensors");
    NPUSPEECH_REQUIRE(vad, "silero_vad_16k.safetensors");
    const auto speech = readRecording(kRecording);
    NPUSPEECH_REQUIRE(speech, kRecording);
    speech_.assign(speech->begin(), speech->begin() + 16000 * kSeconds);
    transcriber_ = "nputranscriber name=t language=en threads=2 model=" + *model + " vad-model=" + *vad;
    const char* slower = std::getenv("NPUSPEECH_TEST_PATIENCE");  // as a sanitizer makes it
    if (slower) patience_ = static_cast<GstClockTime>(std::atoi(slower));
  }

  std::vector<Text> whole() {
    Harness h(transcriber_);
    h.setCaps(kAudioCaps);
    EXPECT_EQ(h.pushAudio(speech_), GST_FLOW_OK);
    return h.eos().texts();
  }

  std::string transcriber_;
  std::vector<float> speech_;
  GstClockTime patience_ = 1;
};

/// The recording at the clock's pace, from PAUSED with a loaded model on.
class LiveRun {
 public:
  LiveRun(const std::string& transcriber, const std::vector<float>& speech)
      : pipeline_(newElement("appsrc name=in is-live=true format=time max-bytes=0 ! identity sync=true ! "
                             "queue max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! " +
                             transcriber +
                             " ! fakesink name=out sync=false async=false signal-handoffs=true")),
        bus_(gst_element_get_bus(pipeline_.get())) {
    const Held<GstElement> out(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"));
    g_signal_connect(out.get(), "handoff", G_CALLBACK(onText), this);
    gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED);
    bool isLoaded = false;
    while (!isLoaded) {
      GstMessage* message = gst_bus_timed_pop_filtered(bus_, 30 * GST_SECOND, GST_MESSAGE_PROGRESS);
      if (!message) break;
      GstProgressType type;
      gst_message_parse_progress(message, &type, nullptr, nullptr);
      isLoaded = type == GST_PROGRESS_TYPE_COMPLETE;
      gst_message_unref(message);
    }
    EXPECT_TRUE(isLoaded);
    feed(speech);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~LiveRun() {
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    gst_object_unref(bus_);
  }

  GstClockTime now() const { return gst_element_get_current_running_time(pipeline_.get()); }
  void waitUntil(GstClockTime time) const {
    while (!GST_CLOCK_TIME_IS_VALID(now()) || now() < time)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  /// False where there is an error, or no end.
  bool ends() {
    GstMessage* end = gst_bus_timed_pop_filtered(
        bus_, 90 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    if (!end) return false;
    const bool isEos = GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS;
    gst_message_unref(end);
    return isEos;
  }
  std::vector<LiveWord> words() {
    const std::lock_guard lock(mutex_);
    return words_;
  }

 private:
  void feed(const std::vector<float>& speech) {
    const Held<GstElement> in(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "in"));
    gst_util_set_object_arg(G_OBJECT(in.get()), "caps", kAudioCaps);
    GstFlowReturn flow;
    constexpr size_t kPiece = 320;
    for (size_t at = 0; at < speech.size(); at += kPiece) {
      const auto begin = speech.begin() + static_cast<std::ptrdiff_t>(at);
      const auto buffer = audioBuffer({begin, begin + kPiece}, at * kSample);
      g_signal_emit_by_name(in.get(), "push-buffer", buffer.get(), &flow);
    }
    g_signal_emit_by_name(in.get(), "end-of-stream", &flow);
  }
  static void onText(GstElement*, GstBuffer* buffer, GstPad*, gpointer self) {
    auto& run = *static_cast<LiveRun*>(self);
    const gst::Mapped map(buffer, GST_MAP_READ);
    const GstClockTime start = GST_BUFFER_PTS(buffer), end = start + GST_BUFFER_DURATION(buffer);
    const std::lock_guard lock(run.mutex_);
    run.words_.push_back({{map.as<const char>(), map.size()}, start, end, run.now()});
  }

  const Held<GstElement> pipeline_;
  GstBus* const bus_;
  std::mutex mutex_;
  std::vector<LiveWord> words_;
};

TEST_F(Starvation, LosesNoWordAndCatchesUp) {
  Spinners spinners;
  LiveRun run(transcriber_, speech_);
  run.waitUntil(kStarvedFrom);
  spinners.turn(true);
  run.waitUntil(kStarvedUntil);
  spinners.turn(false);
  const GstClockTime freed = run.now();
  ASSERT_TRUE(run.ends()) << "hangs";

  const auto words = run.words();
  const auto whole = this->whole();
  EXPECT_LE(30 * distance(bareWords(words), bareWords(whole)), whole.size());
  GstClockTime heardUntil = 0, longestDelay = 0, lateUntil = 0;
  for (const auto& word : words) {
    EXPECT_LE(word.start, heardUntil + 1500 * GST_MSECOND) << "words are missing before " << word.text;
    heardUntil = word.end;
    longestDelay = std::max(longestDelay, word.delay());
    if (word.delay() > patience_ * 4 * GST_SECOND) lateUntil = word.cameAt;
  }
  EXPECT_GE(longestDelay, 5 * GST_SECOND) << "the processor was not taken away";
  EXPECT_LE(lateUntil, freed + patience_ * 15 * GST_SECOND);
}

}  // namespace
}  // namespace npuspeech::test
