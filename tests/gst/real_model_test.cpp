// SPDX-License-Identifier: LGPL-2.1-or-later
// The bin on real speech, with the models of the user's cache.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "tests/gst/support.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

std::string letters(const std::string& text) {
  std::string out;
  for (unsigned char c : text)
    if (std::isalpha(c) || c == ' ') out += static_cast<char>(std::tolower(c));
  return out;
}

class RealModel : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = modelFile("whisper-base");
    NPUSPEECH_REQUIRE(model_, "whisper-base");
    vad_ = modelFile("silero-vad/silero_vad_16k.safetensors");
    NPUSPEECH_REQUIRE(vad_, "silero_vad_16k.safetensors");
    speech_ = readRecording("librispeech/1089-134686-0000.flac");
    NPUSPEECH_REQUIRE(speech_, "librispeech/1089-134686-0000.flac");
  }
  std::string launch() const { return "nputranscriber model=" + *model_ + " vad-model=" + *vad_; }
  std::optional<std::string> model_, vad_;
  std::optional<std::vector<float>> speech_;
};

TEST_F(RealModel, TranscribesSpeechWithItsTimes) {
  Harness h(launch());
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(*speech_), GST_FLOW_OK);
  const Output out = h.eos();
  const std::string text = letters(out.joined());
  for (const char* part :
       {"he hoped there would be stew for dinner", "turnips and carrots", "fat mutton pieces"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  const auto words = out.texts();
  EXPECT_LT(words.front().pts, 2 * GST_SECOND);
  EXPECT_GT(words.back().end(), speech_->size() * kSample - 2 * GST_SECOND);
  EXPECT_LE(words.back().end(), speech_->size() * kSample + GST_SECOND);
}

TEST_F(RealModel, SilenceAroundSpeechIsGapsAndNoText) {
  const size_t silence = 20 * 16000;
  std::vector<float> audio(silence);
  audio.insert(audio.end(), speech_->begin(), speech_->end());
  audio.insert(audio.end(), silence, 0.0f);
  Harness h(launch());
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(audio), GST_FLOW_OK);
  const Output out = h.eos();
  const auto words = out.texts();
  ASSERT_FALSE(words.empty());
  EXPECT_GE(words.front().pts, 19 * GST_SECOND);
  EXPECT_LE(words.back().end(), (silence + speech_->size()) * kSample + GST_SECOND);
  EXPECT_GE(out.events_of(GST_EVENT_GAP).size(), 10u) << "often enough for those who wait";
}

// As 16 bits would hold it; the loudest frames are at -73 dBFS.
TEST_F(RealModel, ReadsSpeechThatIs60DbQuieter) {
  std::vector<float> quiet = *speech_;
  for (float& sample : quiet) sample = std::round(sample * 0.001f * 32768) / 32768;
  Harness h(launch());
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(quiet), GST_FLOW_OK);
  const std::string text = letters(h.eos().joined());
  for (const char* part : {"stew for dinner", "turnips and carrots"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(RealModel, SaysWhyThereAreNoWords) {
  for (const auto& [amplitude, reason] : {std::pair{0.0f, "silence"}, {0.3f, "no-speech"}}) {
    std::vector<float> samples = noise(10 * 16000);
    for (float& sample : samples) sample *= amplitude;
    Harness h(launch());
    h.setCaps(kAudioCaps);
    ASSERT_EQ(h.pushAudio(samples), GST_FLOW_OK);
    EXPECT_EQ(h.eos().joined(), "");
    const auto told = noWords(h);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].reason, reason);
  }
}

TEST_F(RealModel, TranslatesGermanBesideItsTranscript) {
  const auto german = readRecording("fleurs/fleurs-de-008.flac");
  NPUSPEECH_REQUIRE(german, "fleurs/fleurs-de-008.flac");
  const auto bin = newElement(launch() + " language=de");
  const Held<GstPad> pad(gst_element_request_pad_simple(bin.get(), "translate_src_%u"));
  ASSERT_TRUE(pad);
  GstHarness* english = gst_harness_new_with_element(bin.get(), nullptr, "translate_src_0");
  {
    Harness h(bin.get());
    h.setCaps(kAudioCaps);
    ASSERT_EQ(h.pushAudio(*german), GST_FLOW_OK);
    const std::string spoken = letters(h.eos().joined());
    std::string translated;
    while (GstEvent* event = gst_harness_pull_event(english)) {
      const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
      gst_event_unref(event);
      if (end) break;
    }
    while (const Held<GstBuffer> buffer{gst_harness_try_pull(english)}) {
      const gst::Mapped map(buffer.get(), GST_MAP_READ);
      translated += letters(std::string(map.as<const char>(), map.size())) + " ";
    }
    EXPECT_TRUE((" " + spoken).find(" dass ") != std::string::npos) << spoken;
    EXPECT_TRUE((" " + translated).find(" believed that ") != std::string::npos) << translated;
    EXPECT_EQ((" " + translated).find(" dass "), std::string::npos) << translated;
  }
  gst_harness_teardown(english);
}

}  // namespace
}  // namespace npuspeech::test
