// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings as a live stream, with a real model: nearly the words that the whole recording gives, most of
// them while it lasts, and none where nobody speaks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <random>
#include <span>

#include "speech/audio/silero_vad.h"
#include "speech/audio/windower.h"
#include "speech/whisper/engine.h"
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
    const ModelInfo& info = engine_->info();
    logMel_ = *engine_->device()->allocate(static_cast<size_t>(2 * info.audioContext * info.melBins) * 4);
    states_ = *engine_->device()->allocate(static_cast<size_t>(info.audioContext * info.stateWidth) * 4);
  }

  Heard hear(const std::vector<float>& samples, bool live, const std::string& language = "en") {
    Windower::Options windows;
    windows.live = live;
    windows.melBins = engine_->info().melBins;
    Windower windower(windows, vad_);
    windower.reset(0);
    auto stream = *engine_->openStream({.language = language, .live = live});
    Heard heard;
    const auto read = [&] {
      while (const auto event = windower.next())
        if (const auto* window = std::get_if<AudioWindow>(&*event)) take(windower, *window, *stream, heard);
    };
    constexpr size_t kPiece = 320;
    for (size_t at = 0; at < samples.size(); at += kPiece) {
      windower.push(std::span(samples).subspan(at, std::min(kPiece, samples.size() - at)));
      read();
    }
    windower.drain();
    read();
    return heard;
  }

  void take(Windower& windower, const AudioWindow& window, DecodeStream& stream, Heard& heard) {
    windower.logMel(logMel_->as<float>());
    EncodedWindow encoded;
    encoded.shape = {window.frames, engine_->info().audioContext, {}};
    encoded.startNs = window.startNs;
    encoded.utterance = window.utterance;
    encoded.isFinal = window.isFinal;
    encoded.states = states_;
    encoded.logMel = logMel_;
    ASSERT_TRUE(engine_->encode(*logMel_, encoded.shape, *states_, {}));
    std::promise<Result<DecodedWindow>> promise;
    stream.submit(std::move(encoded),
                  [&](Result<DecodedWindow> result) { promise.set_value(std::move(result)); });
    const Result<DecodedWindow> decoded = promise.get_future().get();
    ASSERT_TRUE(decoded);
    for (const Word& word : decoded->words) heard.words.push_back(test::bare(word.text));
    if (!window.isFinal) heard.early += decoded->words.size();
    windower.commit(decoded->neededFromNs);
  }

  std::shared_ptr<const SileroWeights> vad_;
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<npu::BufferObject> logMel_, states_;
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
