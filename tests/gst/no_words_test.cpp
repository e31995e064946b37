// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound that gives no word is told of, with its length, level and reason: once, and not where there are
// words.
#include "gst/text/no_words.h"

#include <cmath>
#include <limits>

#include "gst/memory/tensor_caps.h"
#include "tests/gst/support.h"

namespace npuspeech::test {
namespace {

using gst::newSoundEvent;
using gst::NoWords;
using gst::parseSoundEvent;

SoundTally seconds(int count) {
  SoundTally tally;
  tally.add(noise(static_cast<size_t>(count) * 16000));
  return tally;
}

class NoWordsMessage : public ::testing::Test {
 protected:
  /// What is said of `samples`, by a model that hears words in everything or in nothing.
  std::vector<NoWordsSaid> said(const std::vector<float>& samples, bool hears = false) {
    Harness h("nputranscriber threads=1 language=en vad-model=\"\" model=" +
              (hears ? hearing_ : deaf_).path());
    h.setCaps(kAudioCaps);
    EXPECT_EQ(h.pushAudio(samples), GST_FLOW_OK);
    EXPECT_EQ(h.eos().joined().empty(), !hears);
    EXPECT_TRUE(h.errors().empty());
    return noWords(h);
  }
  TinyModel deaf_{{.hearsNothing = true}}, hearing_{{.says = kSays}};
};

TEST_F(NoWordsMessage, SaysHowLongHowLoudAndWhy) {
  const auto told = said(noise(3 * 16000));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].duration, 3 * GST_SECOND);
  EXPECT_NEAR(told[0].loudness, 20 * std::log10(0.1 / std::sqrt(3.0)), 0.1);
  EXPECT_NEAR(told[0].peak, -20, 0.1);
  EXPECT_EQ(told[0].reason, "not-understood");
  EXPECT_NE(told[0].text.find("3.0 s"), std::string::npos) << told[0].text;
}

TEST_F(NoWordsMessage, KnowsDigitalSilence) {
  const auto told = said(std::vector<float>(2 * 16000));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, "silence");
  EXPECT_EQ(told[0].peak, -200);
}

TEST_F(NoWordsMessage, KnowsASteadyOffset) {
  const auto told = said(std::vector<float>(2 * 16000, 1.0f));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, "offset");
}

TEST_F(NoWordsMessage, KnowsAStreamWithoutAudio) {
  const auto told = said({});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, "no-audio");
  EXPECT_EQ(told[0].duration, 0u);
}

TEST_F(NoWordsMessage, IsNotThereWhereWordsAre) {
  EXPECT_TRUE(said(noise(3 * 16000), true).empty());
}

TEST_F(NoWordsMessage, ForgetsTheSoundBeforeAFlush) {
  Harness h("nputranscriber threads=1 language=en vad-model=\"\" model=" + deaf_.path());
  h.setCaps(kAudioCaps);
  ASSERT_EQ(h.pushAudio(noise(3 * 16000)), GST_FLOW_OK);
  h.flush();
  h.segment(0);
  ASSERT_EQ(h.pushAudio(noise(2 * 16000)), GST_FLOW_OK);
  h.eos();
  const auto told = noWords(h);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].duration, 2 * GST_SECOND);
}

TEST(SoundEvent, KeepsItsSums) {
  SoundTally sound = seconds(1);
  sound.notNumbers = 5;
  sound.atFullScale = 6;
  sound.speechWindows = 7;
  const Held<GstEvent> event(newSoundEvent({sound, true}));
  const auto news = parseSoundEvent(event.get());
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->isLast);
  EXPECT_EQ(news->sound.samples, 16000);
  EXPECT_EQ(news->sound.notNumbers, 5);
  EXPECT_EQ(news->sound.atFullScale, 6);
  EXPECT_EQ(news->sound.speechWindows, 7);
  EXPECT_EQ(news->sound.squares, sound.squares);
  EXPECT_EQ(news->sound.sum, sound.sum);
  EXPECT_EQ(news->sound.peak, sound.peak);
}

TEST(NpuMelSound, TellsDownstreamLiveEvery10SecondsAndAtTheEnd) {
  for (const bool live : {false, true}) {
    Harness h("npumel vad-model=\"\"");
    gst_harness_set_live(h.get(), live);
    h.setCaps(kAudioCaps);
    ASSERT_EQ(h.pushAudio(noise(25 * 16000)), GST_FLOW_OK);
    const Output out = h.eos();
    const auto told = out.custom("npuspeech/sound");
    ASSERT_EQ(told.size(), live ? 3u : 1u);
    SoundTally sound;
    for (GstEvent* event : told) {
      const auto news = parseSoundEvent(event);
      ASSERT_TRUE(news);
      EXPECT_EQ(news->isLast, event == told.back());
      sound += news->sound;
    }
    EXPECT_EQ(sound.samples, 25 * 16000);
    EXPECT_GE(sound.speechWindows, 1);
  }
}

TEST(NoWordsRule, WaitsFor20SecondsAndAfterWordsFor60) {
  NoWords rule;
  EXPECT_FALSE(rule.add({seconds(10)}));
  const auto first = rule.add({seconds(10)});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->samples, 20 * 16000);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(rule.add({seconds(10)})) << "once";
  rule.heardWords();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rule.add({seconds(10)}));
  EXPECT_TRUE(rule.add({seconds(10)}));
  EXPECT_FALSE(rule.add({seconds(1), true})) << "at the end too";
}

TEST(NoWordsRule, LooksAtTheWholeStreamAtItsEnd) {
  NoWords rule;
  rule.heardWords();
  EXPECT_FALSE(rule.add({seconds(30), true}));
  rule.reset();
  EXPECT_TRUE(rule.add({seconds(1), true}));
}

}  // namespace
}  // namespace npuspeech::test
