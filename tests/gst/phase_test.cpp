// SPDX-License-Identifier: LGPL-2.1-or-later
// nputranscriber hears two channels of opposite phase as loud as two of one phase, in any format.
#include <gst/audio/audio.h>

#include <cmath>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

/// What noise() has, and so its mean with itself.
const double kLoudness = 20 * std::log10(0.1 / std::sqrt(3.0));

class Phase : public ::testing::Test {
 protected:
  static constexpr size_t kPart = 320;  // frames

  std::string transcriber() const {
    return "nputranscriber threads=1 language=en vad-model=\"\" model=" + deaf_.path();
  }
  /// Pushes noise of which the right channel is the left one times `gain`.
  void push(Harness& h, size_t frames, float gain, size_t part = kPart) {
    for (size_t done = 0; done < frames; done += part) {
      const auto left = noise(part, static_cast<unsigned>(1 + at_ / kSample));
      std::vector<float> both;
      for (const float sample : left) {
        both.push_back(sample);
        both.push_back(sample * gain);
      }
      ASSERT_EQ(h.push(audioBuffer(both, at_)), GST_FLOW_OK);
      at_ += part * kSample;
    }
  }
  /// How loud npumel found it; nobody understands a word.
  static double loudness(Harness& h) {
    h.eos();
    EXPECT_TRUE(h.errors().empty());
    const auto told = noWords(h);
    return told.size() == 1 ? told[0].loudness : 0;
  }

  TinyModel deaf_{{.hearsNothing = true}};
  GstClockTime at_ = 0;
};

constexpr char kStereo[] = "audio/x-raw,format=F32LE,rate=16000,layout=interleaved,channels=2";

TEST_F(Phase, OppositeChannelsDoNotTakeEachOtherAway) {
  for (const char* places : {"", ",channel-mask=(bitmask)0x3", ",channel-mask=(bitmask)0"})
    for (const size_t part : {kPart, size_t{16000}})
      for (const float gain : {1.0f, -1.0f}) {
        SCOPED_TRACE(std::string(places) + " " + std::to_string(part) + " " + std::to_string(gain));
        Harness h(transcriber());
        h.setCaps((std::string(kStereo) + places).c_str());
        at_ = 0;
        push(h, 16000, gain, part);
        EXPECT_NEAR(loudness(h), kLoudness, 0.3);
      }
}

TEST_F(Phase, FormatsDoNotMatter) {
  for (const char* format : {"S16LE", "S16BE", "S24LE", "S32LE", "U8", "F64LE",
                             "S16LE,layout=non-interleaved", "F32LE,layout=non-interleaved"}) {
    SCOPED_TRACE(format);
    const std::string caps = "audio/x-raw,rate=16000,channels=2,format=" + std::string(format);
    Harness convert("audioconvert"), h(transcriber());
    gst_harness_set_sink_caps_str(convert.get(), caps.c_str());
    convert.setCaps(kStereo);
    at_ = 0;
    push(convert, 16000, -1);
    h.setCaps((caps + (caps.find("layout") == caps.npos ? ",layout=interleaved" : "")).c_str());
    for (auto& buffer : convert.take().buffers) ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
    EXPECT_NEAR(loudness(h), kLoudness, 0.3);
  }
}

// Such buffers name their channels themselves, as upstream does: here, at no place.
TEST_F(Phase, PlanarChannelsWithoutPlacesAreMixed) {
  const Held<GstCaps> caps(gst_caps_from_string(
      "audio/x-raw,format=F32LE,rate=16000,layout=non-interleaved,channels=4,channel-mask=(bitmask)0xf"));
  GstAudioInfo info;
  ASSERT_TRUE(gst_audio_info_from_caps(&info, caps.get()));
  Harness h(transcriber());
  h.setCaps("audio/x-raw,format=F32LE,rate=16000,layout=non-interleaved,channels=4,channel-mask=(bitmask)0");
  const auto channel = noise(16000);
  std::vector<float> all;
  for (int c = 0; c < 4; ++c) all.insert(all.end(), channel.begin(), channel.end());
  auto buffer = audioBuffer(all, 0);
  GST_BUFFER_DURATION(buffer.get()) = GST_SECOND;
  gst_buffer_add_audio_meta(buffer.get(), &info, channel.size(), nullptr);
  ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
  EXPECT_NEAR(loudness(h), kLoudness, 0.3);
}

TEST_F(Phase, MayTurnInMidStream) {
  Harness h(transcriber());
  h.setCaps(kStereo);
  for (const float gain : {1.0f, -1.0f, 1.0f, -0.9f, 1.0f}) push(h, 16000, gain);
  EXPECT_NEAR(loudness(h), kLoudness, 1.0) << "within a third of a second";
}

TEST_F(Phase, ADeadChannelAndUnlikeOnesAreMixedAsEver) {
  Harness h(transcriber());
  h.setCaps(kStereo);
  push(h, 16000, 0);
  EXPECT_NEAR(loudness(h), kLoudness - 6.02, 0.3);
}

TEST_F(Phase, ANewStreamStartsAnew) {
  Harness h(transcriber());
  h.setCaps(kStereo);
  push(h, 16000, -1);
  h.flush();
  h.pushEvent(gst_event_new_stream_start("another"));
  h.setCaps("audio/x-raw,format=F32LE,rate=16000,layout=interleaved,channels=1");
  h.segment(0);
  ASSERT_EQ(h.pushAudio(noise(16000)), GST_FLOW_OK);
  EXPECT_NEAR(loudness(h), kLoudness, 0.3);
}

}  // namespace
}  // namespace npuspeech::test
