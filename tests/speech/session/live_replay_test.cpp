// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings as a live stream, with a real model: nearly the words that the whole recording gives, most of
// them while it lasts, and none where nobody speaks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "speech/audio/silero_vad.h"
#include "speech/session/session.h"
#include "tests/support/recordings.h"
#include "tests/support/word_distance.h"

namespace npuspeech {
namespace {

struct Heard {
  std::vector<std::string> words;
  size_t early = 0;  // words that came before their utterance's end
};

constexpr size_t kSynthesised = 16000 * 20;

std::vector<float> whiteNoise() {
  std::mt19937 random(1);
  std::normal_distribution<float> level(0, 0.03f);
  std::vector<float> samples(kSynthesised);
  for (float& sample : samples) sample = level(random);
  return samples;
}

/// Four chords in turn, struck twice a second, of three tones with three partials each.
std::vector<float> chords() {
  constexpr float kTones[4][3] = {{262, 330, 392}, {220, 262, 330}, {175, 220, 262}, {196, 247, 294}};
  std::vector<float> samples(kSynthesised);
  for (size_t i = 0; i < samples.size(); ++i) {
    const float decay = std::exp(-6e-4f * static_cast<float>(i % 8000));
    for (const float tone : kTones[i / 16000 % 4])
      for (const float partial : {1.0f, 2.0f, 3.0f})
        samples[i] += 0.08f * decay / partial *
                      std::sin(6.2831853f * tone * partial * static_cast<float>(i % 16000) / 16000);
  }
  return samples;
}

class LiveReplay : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto model = test::modelFile("whisper-base/model.bin");
    NPUSPEECH_REQUIRE(model, "whisper-base");
    const auto silero = test::modelFile("silero-vad/silero_vad_16k.safetensors");
    NPUSPEECH_REQUIRE(silero, "silero-vad");
    auto weights = SileroWeights::load(*silero);
    ASSERT_TRUE(weights) << weights.error().message;
    vad_ = *weights;
    EngineOptions options;
    options.model = model->substr(0, model->rfind('/'));
    auto engine = Engine::open(options, {}, {});
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = *engine;
  }

  /// Each window is read at once, by a clock that stands still meanwhile.
  Heard hear(const std::vector<float>& samples, bool live, const std::string& language = "en") {
    int64_t now = 0;
    SessionOptions options;
    options.live = live;
    options.stream.language = language;
    const auto session = Session::open(engine_, vad_, options, [&] { return now; });
    if (!session) {
      ADD_FAILURE() << session.error().message;
      return {};
    }
    Heard heard;
    constexpr size_t kPiece = 320;
    for (size_t at = 0; at < samples.size(); at += kPiece) {
      now += 20'000'000;
      (*session)->push(std::span(samples).subspan(at, std::min(kPiece, samples.size() - at)));
      take(**session, heard);
    }
    (*session)->drain();
    take(**session, heard);
    return heard;
  }

  static void take(Session& session, Heard& heard) {
    while (const auto event = session.wait()) {
      ASSERT_FALSE(std::holds_alternative<Error>(*event)) << std::get<Error>(*event).message;
      const auto* text = std::get_if<SessionText>(&*event);
      if (!text) continue;
      for (const Word& word : text->words) heard.words.push_back(test::bare(word.text));
      if (!text->endsUtterance) heard.early += text->words.size();
    }
  }

  std::shared_ptr<const SileroWeights> vad_;
  std::shared_ptr<Engine> engine_;
};

TEST_F(LiveReplay, SaysNearlyWhatTheWholeRecordingSays) {
  size_t errors = 0, words = 0, early = 0;
  for (const char* name :
       {"misc_en/jfk.flac", "librispeech/1688-142285-0001.flac", "librispeech/61-70968-0000.flac"}) {
    const auto samples = test::readRecording(name);
    NPUSPEECH_REQUIRE(samples, name);
    const Heard live = hear(*samples, true), whole = hear(*samples, false);
    errors += test::distance(whole.words, live.words);
    words += whole.words.size();
    early += live.early;
  }
  EXPECT_LE(errors * 10, words) << errors << " of " << words;
  EXPECT_GE(early * 2, words);
}

TEST_F(LiveReplay, HearsWhatIsSaidAgainAndAgain) {
  const char* const kName = "librispeech/367-130732-0001.flac";
  const auto sentence = test::readRecording(kName);
  NPUSPEECH_REQUIRE(sentence, kName);
  constexpr size_t kTimes = 5;
  std::vector<float> samples;
  std::vector<std::string> said;
  const std::vector<std::string> once = hear(*sentence, true).words;
  for (size_t i = 0; i < kTimes; ++i) {
    samples.insert(samples.end(), sentence->begin(), sentence->end());
    samples.resize(samples.size() + 16000);
    said.insert(said.end(), once.begin(), once.end());
  }
  EXPECT_GE(once.size(), 10u);
  EXPECT_LE(test::distance(hear(samples, true).words, said), kTimes);
}

TEST_F(LiveReplay, FindsTheLanguage) {
  const auto samples = test::readRecording("misc_en/jfk.flac");
  NPUSPEECH_REQUIRE(samples, "misc_en/jfk.flac");
  EXPECT_LE(test::distance(hear(*samples, true).words, hear(*samples, true, "auto").words), 2u);
}

TEST_F(LiveReplay, SaysNothingWhereNobodySpeaks) {
  for (const char* name :
       {"nonspeech/animal_humpback.flac", "nonspeech/musan_music_noise.flac",
        "nonspeech/music_nutcracker.flac", "nonspeech/music_trumpet.flac",
        "nonspeech/music_with_singing_fishin.flac", "nonspeech/noise_doing_the_dishes.flac"}) {
    const auto samples = test::readRecording(name);
    NPUSPEECH_REQUIRE(samples, name);
    EXPECT_EQ(hear(*samples, true).words, std::vector<std::string>{}) << name;
  }
}

TEST_F(LiveReplay, InventsNothingInSilenceNoiseAndChords) {
  const std::vector<std::string> none;
  EXPECT_EQ(hear(std::vector<float>(kSynthesised), true).words, none);
  EXPECT_EQ(hear(whiteNoise(), true).words, none);
  EXPECT_EQ(hear(chords(), true).words, none);
}

}  // namespace
}  // namespace npuspeech
