// SPDX-License-Identifier: LGPL-2.1-or-later
// nputranscriber mixes whatever channels come to mono, also those that nobody has placed in a room.
#include <cmath>
#include <mutex>

#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

/// What npumel gets, as one vector.
class Mono {
 public:
  explicit Mono(GstElement* bin) {
    const Held<GstElement> mel(gst_bin_get_by_name(GST_BIN(bin), "npumel"));
    const Held<GstPad> sink(gst_element_get_static_pad(mel.get(), "sink"));
    gst_pad_add_probe(
        sink.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer self) {
          const gst::Mapped map(GST_PAD_PROBE_INFO_BUFFER(info), GST_MAP_READ);
          auto* mono = static_cast<Mono*>(self);
          const std::lock_guard lock(mono->mutex_);
          mono->samples_.insert(mono->samples_.end(), map.as<float>(), map.as<float>() + map.size() / 4);
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  std::vector<float> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(samples_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<float> samples_;
};

class Channels : public ::testing::Test {
 protected:
  std::string transcriber() const {
    return "nputranscriber language=de vad-model=\"\" threads=1 model=" + model_.path();
  }
  static std::string caps(int channels, const std::string& mask = ",channel-mask=(bitmask)0") {
    return "audio/x-raw,format=F32LE,rate=16000,layout=interleaved,channels=" + std::to_string(channels) +
           mask;
  }
  /// A tenth of a second in which channel `c` is c + 1.
  static Held<GstBuffer> steps(int channels, GstClockTime pts) {
    std::vector<float> samples;
    for (int frame = 0; frame < 1600; ++frame)
      for (int c = 0; c < channels; ++c) samples.push_back(static_cast<float>(c + 1));
    auto buffer = audioBuffer(samples, pts);
    GST_BUFFER_DURATION(buffer.get()) = 100 * GST_MSECOND;
    return buffer;
  }
  TinyModel model_{{.says = kSays}};
};

TEST_F(Channels, WithoutPlacesAreMixedInEqualParts) {
  Harness h(transcriber());
  Mono mono(h.element());
  GstClockTime at = 0;
  // In one stream: its channels may change.
  for (const int channels : {4, 1, 2, 3, 16, 2, 33, 63, 64, 1, 65, 128}) {
    SCOPED_TRACE(channels);
    h.setCaps(caps(channels).c_str());
    size_t count = 0;
    for (int i = 0; i < 5; ++i, at += 100 * GST_MSECOND) ASSERT_EQ(h.push(steps(channels, at)), GST_FLOW_OK);
    const auto samples = mono.take();
    const float mean = static_cast<float>(channels + 1) / 2;
    for (const float sample : samples) count += std::abs(sample - mean) < 1e-3f * mean;
    // Resampling, of more channels than the mixer takes, needs a moment at both ends.
    EXPECT_GE(count, channels < 64 ? 8000u : 7800u) << samples.size();
    EXPECT_LE(samples.size(), 8100u);
  }
  EXPECT_TRUE(h.eos().eos);
  EXPECT_TRUE(h.errors().empty());
}

TEST_F(Channels, WithAMaskThatIsMissingOrWrongAreTaken) {
  for (const char* mask : {"", ",channel-mask=(bitmask)0x3", ",channel-mask=(bitmask)0xffff"}) {
    SCOPED_TRACE(mask);
    Harness h(transcriber());
    Mono mono(h.element());
    h.setCaps(caps(4, mask).c_str());
    for (GstClockTime at = 0; at < GST_SECOND; at += 100 * GST_MSECOND)
      ASSERT_EQ(h.push(steps(4, at)), GST_FLOW_OK);
    EXPECT_EQ(h.eos().joined(), kSaid);
    for (const float sample : mono.take()) ASSERT_NEAR(sample, 2.5f, 1e-3f);
    EXPECT_TRUE(h.errors().empty());
  }
}

TEST_F(Channels, WithPlacesAreMixedAsEver) {
  Harness h(transcriber());
  Mono mono(h.element());
  GstClockTime at = 0;
  const auto pushAs = [&](const std::string& text, int channels) {
    h.setCaps(text.c_str());
    EXPECT_EQ(h.push(steps(channels, at)), GST_FLOW_OK);
    at += 100 * GST_MSECOND;
    return mono.take();
  };
  for (const float sample : pushAs(caps(2, ""), 2)) ASSERT_NEAR(sample, 1.5f, 1e-3f);
  pushAs(caps(4), 4);
  const auto surround = pushAs(caps(6, ",channel-mask=(bitmask)0x3f"), 6);
  ASSERT_EQ(surround.size(), 1600u);
  EXPECT_GT(std::abs(surround[100] - 3.5f), 0.1f) << "GStreamer weighs places";
  EXPECT_TRUE(h.eos().eos);
}

TEST_F(Channels, WithoutNumbersLeaveTheOthersAlone) {
  for (const int channels : {2, 4})
    for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
      Harness h(transcriber());
      Mono mono(h.element());
      h.setCaps(caps(channels).c_str());
      std::vector<float> samples(static_cast<size_t>(channels) * 16000, bad);
      for (size_t i = 0; i < samples.size(); i += static_cast<size_t>(channels)) samples[i] = 0.5f;
      auto buffer = audioBuffer(samples, 0);
      GST_BUFFER_DURATION(buffer.get()) = GST_SECOND;
      ASSERT_EQ(h.push(std::move(buffer)), GST_FLOW_OK);
      EXPECT_TRUE(h.eos().eos);
      const auto heard = mono.take();
      ASSERT_EQ(heard.size(), 16000u);
      for (const float sample : heard) ASSERT_NEAR(sample, 0.5f / static_cast<float>(channels), 1e-3f);
      EXPECT_EQ(h.messages(GST_MESSAGE_WARNING).size(), 1u);
      EXPECT_TRUE(h.errors().empty());
    }
}

TEST_F(Channels, AreNegotiatedByWhoAsksFirst) {
  for (const int channels : {2, 4, 16, 64}) {
    SCOPED_TRACE(channels);
    EXPECT_TRUE(run("audiotestsrc wave=white-noise num-buffers=9 ! "
                    "audio/x-raw,channels=" +
                    std::to_string(channels) + ",channel-mask=(bitmask)0 ! " + transcriber() + " ! fakesink")
                    .eos);
  }
  EXPECT_TRUE(run("interleave name=i ! " + transcriber() +
                  " ! fakesink  audiotestsrc num-buffers=9 ! i.  audiotestsrc num-buffers=9 ! i.")
                  .eos);
}

}  // namespace
}  // namespace npuspeech::test
