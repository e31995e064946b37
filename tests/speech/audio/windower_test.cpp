// SPDX-License-Identifier: LGPL-2.1-or-later
// What the windower promises, whatever the audio and however it arrives: on synthetic streams and on
// recordings. Longer than most because all of its promises are checked by one set of helpers.
#include "speech/audio/windower.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "speech/audio/log_mel.h"
#include "speech/audio/silero_vad.h"
#include "tests/support/long_run.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {
namespace {

constexpr int64_t kNsPerSample = 62500;
constexpr int64_t kSecond = 1'000'000'000;
constexpr const char* kWeights = "silero-vad/silero_vad_16k.safetensors";
constexpr const char* kLong = "longform/LJ001_0001-0032_joined.flac";

using Event = std::variant<AudioWindow, AudioGap>;

/// All that a windower gave, in one order, with the windows' log-mel.
struct Collected {
  std::vector<Event> events;
  std::vector<std::vector<float>> mels;

  void take(Windower& windower, int melBins = 80) {
    while (auto event = windower.next()) {
      events.push_back(*event);
      if (const auto* window = std::get_if<AudioWindow>(&*event)) {
        mels.emplace_back(static_cast<size_t>(window->frames * melBins));
        windower.logMel(mels.back().data());
      }
    }
  }
  std::vector<AudioWindow> windows() const {
    std::vector<AudioWindow> result;
    for (const Event& event : events)
      if (const auto* window = std::get_if<AudioWindow>(&event)) result.push_back(*window);
    return result;
  }
};

int64_t startOf(const Event& event) {
  return std::visit([](const auto& e) { return e.startNs; }, event);
}
int64_t endOf(const Event& event) {
  return std::visit([](const auto& e) { return e.startNs + e.durationNs; }, event);
}
bool same(const Event& a, const Event& b) {
  if (a.index() != b.index() || startOf(a) != startOf(b) || endOf(a) != endOf(b)) return false;
  const auto *x = std::get_if<AudioWindow>(&a), *y = std::get_if<AudioWindow>(&b);
  return !x || (x->utterance == y->utterance && x->number == y->number && x->isFinal == y->isFinal &&
                x->frames == y->frames);
}

/// Not live: windows and gaps follow each other from `start` to `end`, windows are final, of 30 s at most,
/// and have as many frames as their audio.
void expectTiling(const std::vector<Event>& events, int64_t startNs, int64_t endNs) {
  int64_t at = startNs;
  for (const Event& event : events) {
    ASSERT_EQ(startOf(event), at);
    ASSERT_GT(endOf(event), at);
    at = endOf(event);
    if (const auto* window = std::get_if<AudioWindow>(&event)) {
      ASSERT_TRUE(window->isFinal);
      ASSERT_EQ(window->number, 0u);
      ASSERT_LE(window->frames, 3000);
      ASSERT_EQ(window->frames, (window->durationNs + 10'000'000 - 1) / 10'000'000);
    }
  }
  ASSERT_EQ(at, endNs);
}

int64_t nsOf(size_t samples) {
  return static_cast<int64_t>(samples) * kNsPerSample;
}

std::vector<float> noise(std::mt19937& random, double seconds, float amplitude) {
  std::uniform_real_distribution<float> uniform(-amplitude, amplitude);
  std::vector<float> samples(static_cast<size_t>(seconds * 16000));
  for (float& sample : samples) sample = uniform(random);
  return samples;
}

void append(std::vector<float>& to, const std::vector<float>& what) {
  to.insert(to.end(), what.begin(), what.end());
}

std::shared_ptr<const SileroWeights> weights() {
  static const std::shared_ptr<const SileroWeights> loaded = [] {
    const auto path = modelFile(kWeights);
    if (!path) return std::shared_ptr<const SileroWeights>();
    auto result = SileroWeights::load(*path);
    return result ? *result : nullptr;
  }();
  return loaded;
}

/// Pushes samples in portions of random size up to `most`, taking what comes after each.
void pushInPortions(Windower& windower, const std::vector<float>& samples, size_t most, uint32_t seed,
                    Collected& collected) {
  std::mt19937 random(seed);
  for (size_t at = 0; at < samples.size();) {
    const size_t count = std::min<size_t>(1 + random() % most, samples.size() - at);
    windower.push({samples.data() + at, count});
    collected.take(windower);
    at += count;
  }
}

Collected runWhole(const Windower::Options& options, std::shared_ptr<const SileroWeights> vad,
                   const std::vector<float>& samples) {
  Windower windower(options, std::move(vad));
  Collected collected;
  windower.push(samples);
  windower.drain();
  collected.take(windower);
  return collected;
}

// ---- without a voice activity detector: all is speech ----

TEST(Windower, ShortAudioIsOneWindow) {
  std::mt19937 random(1);
  for (const size_t count :
       {size_t{1}, size_t{159}, size_t{160}, size_t{513}, size_t{40000}, size_t{480000}}) {
    std::vector<float> samples = noise(random, 30, 0.1f);
    samples.resize(count);
    const Collected collected = runWhole({}, nullptr, samples);
    ASSERT_EQ(collected.windows().size(), 1u) << count;
    expectTiling(collected.events, 0, nsOf(count));
  }
}

TEST(Windower, NoAudioGivesNothing) {
  EXPECT_TRUE(runWhole({}, nullptr, {}).events.empty());
}

TEST(Windower, CutsUnbrokenSpeechWhereItIsQuietest) {
  std::mt19937 random(2);
  std::vector<float> samples = noise(random, 27, 0.5f);
  append(samples, noise(random, 0.1, 0.001f));
  append(samples, noise(random, 20, 0.5f));
  const std::vector<AudioWindow> windows = runWhole({}, nullptr, samples).windows();
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_GE(windows[1].startNs, 27 * kSecond);
  EXPECT_LE(windows[1].startNs, 27 * kSecond + kSecond / 10);
}

TEST(Windower, LogMelIsThatOfTheStream) {
  std::mt19937 random(4);
  const std::vector<float> samples = noise(random, 70, 0.3f);
  Windower::Options options;
  options.melBins = 128;
  Windower windower(options, nullptr);
  windower.push(samples);
  windower.drain();
  Collected collected;
  collected.take(windower, 128);
  LogMel mel(128, 8000);
  mel.push(samples);
  mel.finish();
  const std::vector<AudioWindow> windows = collected.windows();
  ASSERT_EQ(windows.size(), 3u);
  for (size_t i = 0; i < windows.size(); ++i) {
    std::vector<float> expected(collected.mels[i].size());
    mel.normalised(windows[i].startNs / 10'000'000, windows[i].frames, expected.data());
    EXPECT_EQ(collected.mels[i], expected);
  }
}

// Eight hours in pushes of a second: every sample is accounted for and no time drifts.
TEST(Windower, AccountsForEverySampleOverHours) {
  std::mt19937 random(5);
  constexpr int64_t kStart = 123'456'789, kSeconds = kLongRunSeconds;
  Windower windower({}, nullptr);
  windower.reset(kStart);
  const std::vector<float> second = noise(random, 1, 0.2f);
  int64_t at = kStart;
  uint64_t utterance = 0;
  const auto take = [&] {
    while (auto event = windower.next()) {
      const auto* window = std::get_if<AudioWindow>(&*event);
      ASSERT_TRUE(window);
      ASSERT_EQ(window->startNs, at);
      ASSERT_EQ(window->utterance, utterance++);
      ASSERT_LE(window->frames, 3000);
      at += window->durationNs;
    }
  };
  for (int64_t s = 0; s < kSeconds; ++s) {
    windower.push(second);
    take();
    ASSERT_LE(kStart + s * kSecond - at, 31 * kSecond);
  }
  windower.drain();
  take();
  EXPECT_EQ(at, kStart + kSeconds * kSecond);
  EXPECT_GE(utterance, static_cast<uint64_t>(kSeconds / 30));
}

TEST(Windower, GoesOnAfterDrain) {
  std::mt19937 random(6);
  Windower windower({}, nullptr);
  windower.reset(5 * kSecond);
  Collected collected;
  size_t total = 0;
  for (const double seconds : {0.013, 2.5, 0.5, 31.0}) {
    const std::vector<float> samples = noise(random, seconds, 0.3f);
    windower.push(samples);
    windower.drain();
    collected.take(windower);
    total += samples.size();
    expectTiling(collected.events, 5 * kSecond, 5 * kSecond + nsOf(total));
  }
  const std::vector<AudioWindow> windows = collected.windows();
  ASSERT_EQ(windows.size(), 5u);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(windows[i].utterance, windows[i - 1].utterance + 2) << "drained";
  EXPECT_EQ(windows[4].utterance, windows[3].utterance + 1) << "cut";
}

TEST(Windower, NumbersGoOnWhereTheyAreToldTo) {
  Windower::Options options;
  options.firstUtterance = 7;
  Windower windower(options, nullptr);
  EXPECT_EQ(windower.nextUtterance(), 7u);
  windower.reset(0);
  windower.push(std::vector<float>(16000));
  windower.drain();
  Collected all;
  all.take(windower);
  ASSERT_EQ(all.windows().size(), 1u);
  EXPECT_GE(all.windows()[0].utterance, 7u);
  EXPECT_GT(windower.nextUtterance(), all.windows()[0].utterance);
}

TEST(Windower, ResetDropsWhatIsPending) {
  std::mt19937 random(7);
  Windower windower({}, nullptr);
  windower.push(noise(random, 12, 0.3f));
  EXPECT_FALSE(windower.next());
  windower.reset(100 * kSecond);
  windower.drain();
  EXPECT_FALSE(windower.next());
  windower.push(noise(random, 1, 0.3f));
  windower.drain();
  Collected collected;
  collected.take(windower);
  expectTiling(collected.events, 100 * kSecond, 101 * kSecond);
}

// ---- with it, on recordings ----

class WindowerSpeech : public ::testing::Test {
 protected:
  void SetUp() override { NPUSPEECH_REQUIRE(weights(), kWeights); }
};

TEST_F(WindowerSpeech, CoversAllSpeechOnce) {
  for (const char* name : {"librispeech/1688-142285-0000.flac", "ami/ES2003a_000-030.flac",
                           "telephone8k/asterisk_demo-instruct.flac"}) {
    const auto samples = readRecording(name);
    NPUSPEECH_REQUIRE(samples, name);
    const Windower::Options options;
    const Collected collected = runWhole(options, weights(), *samples);
    expectTiling(collected.events, 0, nsOf(samples->size()));

    std::vector<float> probabilities(samples->size() / SileroVad::kFrame);
    SileroVad vad(weights(), SileroVad::kForgetInPauses);
    vad.run({samples->data(), probabilities.size() * SileroVad::kFrame}, probabilities);
    const std::vector<AudioWindow> windows = collected.windows();
    for (size_t f = 0; f < probabilities.size(); ++f) {
      if (probabilities[f] < options.vadOn) continue;
      const int64_t begin = nsOf(f * SileroVad::kFrame), end = nsOf((f + 1) * SileroVad::kFrame);
      int64_t covered = 0;
      for (const AudioWindow& w : windows)
        covered += std::max<int64_t>(0, std::min(end, w.startNs + w.durationNs) - std::max(begin, w.startNs));
      EXPECT_EQ(covered, end - begin) << name << " frame " << f;
    }
  }
}

// One who speaks 40 dB softer, 1.2 s after another, is heard as long as alone.
TEST_F(WindowerSpeech, HearsASoftVoiceBehindALoudOne) {
  constexpr const char* kClip = "librispeech/1688-142285-0000.flac";
  const auto loud = readRecording(kClip);
  NPUSPEECH_REQUIRE(loud, kClip);
  std::vector<float> soft = *loud;
  for (float& sample : soft) sample *= 0.01f;
  std::mt19937 random(3);
  const std::vector<float> pause = noise(random, 1.2, 1e-4f);
  std::vector<float> both = *loud;
  append(both, pause);
  append(both, soft);
  const auto heardNs = [](const std::vector<float>& samples, size_t from) {
    int64_t heard = 0;
    for (const AudioWindow& w : runWhole({}, weights(), samples).windows())
      heard += std::max<int64_t>(0, w.startNs + w.durationNs - std::max(w.startNs, nsOf(from)));
    return heard;
  };
  EXPECT_GT(heardNs(both, loud->size() + pause.size()), heardNs(soft, 0) - kSecond);
}

// No cut falls into speech while there is a pause to cut in: around each cut the detector hears none.
TEST_F(WindowerSpeech, CutsInPauses) {
  auto samples = readRecording(kLong);
  NPUSPEECH_REQUIRE(samples, kLong);
  samples->resize(16000 * 100);
  std::vector<float> probabilities(samples->size() / SileroVad::kFrame);
  SileroVad vad(weights());
  vad.run({samples->data(), probabilities.size() * SileroVad::kFrame}, probabilities);
  const std::vector<AudioWindow> windows = runWhole({}, weights(), *samples).windows();
  ASSERT_GE(windows.size(), 4u);
  for (size_t i = 0; i + 1 < windows.size(); ++i) {
    const int64_t cutFrame = (windows[i].startNs + windows[i].durationNs) / kNsPerSample / SileroVad::kFrame;
    EXPECT_LT(probabilities[static_cast<size_t>(cutFrame)], Windower::Options().vadOn) << windows[i].startNs;
  }
}

TEST_F(WindowerSpeech, ShortPausesEndWindowsOfTheTargetLength) {
  const auto recording = readRecording(kLong);
  NPUSPEECH_REQUIRE(recording, kLong);
  size_t before = 0;
  for (int targetMs : {30000, 13000, 5000}) {
    Windower::Options options;
    options.targetMs = targetMs;
    const Collected collected = runWhole(options, weights(), *recording);
    expectTiling(collected.events, 0, nsOf(recording->size()));
    EXPECT_GT(collected.windows().size(), before) << targetMs;
    before = collected.windows().size();
  }
}

TEST_F(WindowerSpeech, PortionsDoNotMatter) {
  const auto recording = readRecording("ami/ES2003b_000-030.flac");
  NPUSPEECH_REQUIRE(recording, "ami/ES2003b_000-030.flac");
  for (const bool live : {false, true}) {
    Windower::Options options;
    options.live = live;
    options.maxWindowMs = 6000;
    const Collected whole = runWhole(options, weights(), *recording);
    for (const size_t most : {size_t{1}, size_t{300}, size_t{20000}}) {
      Windower windower(options, weights());
      Collected portions;
      pushInPortions(windower, *recording, most, 11, portions);
      windower.drain();
      portions.take(windower);
      ASSERT_EQ(portions.events.size(), whole.events.size());
      for (size_t i = 0; i < whole.events.size(); ++i)
        ASSERT_TRUE(same(whole.events[i], portions.events[i])) << i;
      ASSERT_EQ(portions.mels, whole.mels);
    }
  }
}

// Random streams of speech, noise and silence under random options, drained and reset anywhere.
TEST_F(WindowerSpeech, KeepsItsPromisesUnderRandomSchedules) {
  const auto recording = readRecording(kLong);
  NPUSPEECH_REQUIRE(recording, kLong);
  std::mt19937 random(2024);
  const auto upTo = [&](int most) { return static_cast<int>(random() % static_cast<uint32_t>(most + 1)); };
  for (int round = 0; round < 12; ++round) {
    Windower::Options options;
    options.maxWindowMs = 2000 + upTo(28000);
    options.splitMs = 100 + upTo(2500);
    options.targetMs = 2000 + upTo(28000);
    options.targetSplitMs = 100 + upTo(2500);
    options.preRollMs = upTo(1500);
    options.postRollMs = upTo(1500);
    options.minSpeechMs = upTo(400);
    Windower windower(options, weights());
    int64_t start = upTo(1000) * kSecond;
    size_t pushed = 0;
    Collected collected;
    windower.reset(start);
    for (int part = 0; part < 12; ++part) {
      std::vector<float> samples;
      const size_t from = random() % (recording->size() - 16000 * 12);
      switch (upTo(3)) {
        case 0:
          samples = noise(random, upTo(3000) / 1000.0, 0.05f);
          break;
        case 1:
          samples.assign(static_cast<size_t>(upTo(50000)), 0.0f);
          break;
        default:
          samples.assign(recording->begin() + static_cast<std::ptrdiff_t>(from),
                         recording->begin() + static_cast<std::ptrdiff_t>(from) + upTo(16000 * 12));
      }
      pushInPortions(windower, samples, 1 + random() % 30000, random(), collected);
      pushed += samples.size();
      if (upTo(3) == 0) {
        windower.drain();
        collected.take(windower);
        expectTiling(collected.events, start, start + nsOf(pushed));
      }
      if (upTo(7) == 0) {
        start += 1000 * kSecond;
        windower.reset(start);
        collected = {};
        pushed = 0;
      }
      if (HasFatalFailure()) return;
    }
    for (const AudioWindow& w : collected.windows())
      EXPECT_LE(w.durationNs, options.maxWindowMs * (kSecond / 1000));
  }
}

TEST_F(WindowerSpeech, SilenceAndNoiseAreGaps) {
  std::mt19937 random(8);
  std::vector<float> samples(16000 * 5);
  append(samples, noise(random, 20, 0.02f));
  samples.resize(samples.size() + 16000 * 5);
  const Collected collected = runWhole({}, weights(), samples);
  EXPECT_TRUE(collected.windows().empty());
  expectTiling(collected.events, 0, 30 * kSecond);
}

TEST_F(WindowerSpeech, NonspeechRecordingsGiveNoWindow) {
  for (const char* name : {"nonspeech/music_nutcracker.flac", "nonspeech/music_trumpet.flac",
                           "nonspeech/noise_doing_the_dishes.flac", "nonspeech/noise_traffic.flac",
                           "nonspeech/noise_fridge.flac", "nonspeech/silence_room_picovoice.flac",
                           "nonspeech/musan_music_noise.flac"}) {
    const auto samples = readRecording(name);
    NPUSPEECH_REQUIRE(samples, name);
    EXPECT_TRUE(runWhole({}, weights(), *samples).windows().empty()) << name;
  }
}

// ---- live ----

/// Live, by the clock of the audio: 20 ms at a time.
struct Live {
  explicit Live(const Windower::Options& options, std::shared_ptr<const SileroWeights> vad)
      : windower(options, std::move(vad)) {}

  template <class Each>
  void push(const std::vector<float>& samples, Each&& each) {
    for (size_t at = 0; at < samples.size(); at += 320) {
      const size_t count = std::min<size_t>(320, samples.size() - at);
      windower.push({samples.data() + at, count});
      nowNs += nsOf(count);
      while (auto event = windower.next()) each(*event);
    }
  }

  Windower windower;
  int64_t nowNs = 0;
};

Windower::Options liveOptions() {
  Windower::Options options;
  options.live = true;
  options.stepMs = 250;
  return options;
}

TEST_F(WindowerSpeech, LiveWindowsGrowAndEndInAFinalOne) {
  const auto speech = readRecording("librispeech/1688-142285-0003.flac");
  NPUSPEECH_REQUIRE(speech, "librispeech/1688-142285-0003.flac");
  std::vector<float> samples(16000 * 2);
  append(samples, *speech);
  samples.resize(samples.size() + 16000 * 3);
  Live live(liveOptions(), weights());
  std::vector<AudioWindow> windows;
  int64_t at = 0;  // what utterances and gaps have accounted for
  live.push(samples, [&](const Event& event) {
    if (const auto* window = std::get_if<AudioWindow>(&event)) {
      EXPECT_EQ(window->startNs, at);
      EXPECT_LE(endOf(event), live.nowNs);
      if (window->number > 0) {
        EXPECT_EQ(window->number, windows.back().number + 1);
        EXPECT_EQ(window->utterance, windows.back().utterance);
      }
      EXPECT_TRUE(window->isFinal || live.nowNs - endOf(event) <= 100'000'000);
      windows.push_back(*window);
      if (window->isFinal) at = endOf(event);
    } else {
      EXPECT_EQ(startOf(event), at);
      at = endOf(event);
    }
  });
  ASSERT_FALSE(windows.empty());
  EXPECT_TRUE(windows.back().isFinal);
  EXPECT_GT(windows.size(), speech->size() / 16000 * 3);  // four a second, but for its pauses
  // Silence is reported as it goes by.
  EXPECT_LE(live.nowNs - at, kSecond);
}

TEST_F(WindowerSpeech, CommitMovesTheAnchor) {
  const auto speech = readRecording(kLong);
  NPUSPEECH_REQUIRE(speech, kLong);
  std::vector<float> samples(speech->begin(), speech->begin() + 16000 * 60);
  Live live(liveOptions(), weights());
  int64_t committed = 0, previousStart = 0;
  live.push(samples, [&](const Event& event) {
    const auto* window = std::get_if<AudioWindow>(&event);
    if (!window) return;
    EXPECT_GE(window->startNs, previousStart);
    EXPECT_GE(window->startNs, committed - kSecond / 2);
    EXPECT_LE(window->startNs, std::max(committed, previousStart));
    previousStart = window->startNs;
    EXPECT_LE(window->durationNs, 6 * kSecond);
    if (window->isFinal) {
      previousStart = committed = endOf(event);
    } else if (window->durationNs > 5 * kSecond) {
      committed = window->startNs + 3 * kSecond;
      live.windower.commit(committed);
    }
  });
  EXPECT_GT(committed, 50 * kSecond);
}

/// Two sentences, `pause` seconds apart; what is needed again when the first one is through.
struct Windows {
  std::vector<AudioWindow> first, second;
};
Windows sayTwice(Live& live, const std::vector<float>& speech, double pause, int64_t neededFromNs) {
  std::vector<float> samples(16000);
  append(samples, speech);
  samples.resize(samples.size() + static_cast<size_t>(16000 * pause));
  append(samples, speech);
  samples.resize(samples.size() + 16000 * 3);
  Windows windows;
  int64_t at = 0;
  live.push(samples, [&](const Event& event) {
    const auto* window = std::get_if<AudioWindow>(&event);
    if (!window) {
      EXPECT_EQ(startOf(event), at);
      at = endOf(event);
      return;
    }
    (window->utterance == 0 ? windows.first : windows.second).push_back(*window);
    if (!window->isFinal) return;
    at = endOf(event);
    if (window->utterance == 0) live.windower.commit(neededFromNs);
  });
  return windows;
}

// Clocks drift: pauses take it up, and nothing of the speech is lost or said twice.
TEST_F(WindowerSpeech, PausesAreMadeLongerAndShorter) {
  const auto speech = readRecording("telephone8k/asterisk_demo-instruct.flac");
  NPUSPEECH_REQUIRE(speech, "telephone8k/asterisk_demo-instruct.flac");
  for (const bool live : {true, false}) {
    for (const int64_t step : {50 * kSecond / 1000, -50 * kSecond / 1000}) {
      Windower::Options options;
      options.live = live;
      Windower still(options, weights()), windower(options, weights());
      Collected expected, all;
      int64_t stretched = 0;
      for (size_t at = 0; at < speech->size(); at += 1600) {
        const std::span part = std::span(*speech).subspan(at, std::min<size_t>(1600, speech->size() - at));
        still.push(part);
        expected.take(still);
        windower.push(part);
        all.take(windower);
        const int64_t done = windower.takeStretched();
        EXPECT_LE(std::abs(done), std::abs(step));
        stretched += done;
        windower.stretchPauses(step);
      }
      still.drain();
      expected.take(still);
      windower.drain();
      all.take(windower);
      stretched += windower.takeStretched();
      EXPECT_GE(stretched * (step > 0 ? 1 : -1), 5 * std::abs(step));
      int64_t end = 0;
      std::vector<int> lengths, expectedLengths;
      for (const Event& event : all.events) {
        const auto* window = std::get_if<AudioWindow>(&event);
        if (window && !window->isFinal) continue;
        if (window) lengths.push_back(window->frames);
        EXPECT_GE(startOf(event), live ? (window ? 0 : end) : end - 300 * kSecond / 1000);
        end = std::max(end, endOf(event));
      }
      for (const AudioWindow& window : expected.windows())
        if (window.isFinal) expectedLengths.push_back(window.frames);
      EXPECT_EQ(end, static_cast<int64_t>(speech->size()) * kNsPerSample + stretched);
      EXPECT_EQ(lengths.size(), expectedLengths.size());
      if (!live) {
        EXPECT_EQ(lengths, expectedLengths);
      }
    }
  }
}

TEST_F(WindowerSpeech, AnUtteranceThatFollowsSoonBeginsWithAudioThatIsNeeded) {
  const char* const kName = "librispeech/1688-142285-0003.flac";
  const auto speech = readRecording(kName);
  NPUSPEECH_REQUIRE(speech, kName);
  for (const bool isSoon : {true, false}) {
    Windower::Options options = liveOptions();
    options.hangoverMs = 1200;  // longer than the pauses in the sentence
    Live live(options, weights());
    const Windows windows = sayTwice(live, *speech, isSoon ? 1.4 : 4, 2 * kSecond);
    ASSERT_FALSE(windows.first.empty() || windows.second.empty());
    for (const AudioWindow& window : windows.second) {
      if (isSoon)
        EXPECT_EQ(window.startNs, 2 * kSecond);
      else
        EXPECT_GT(window.startNs, windows.first.back().startNs + windows.first.back().durationNs);
    }
    EXPECT_TRUE(windows.second.back().isFinal);
    EXPECT_GT(windows.second.size(), speech->size() / 16000 * 3);
  }
}

// Too quiet to be sure of its first words, before others follow.
TEST_F(WindowerSpeech, WhatWasUnsureIsReadTogetherWithWhatFollowsSoon) {
  constexpr const char* kQuietStart = "misc_en/jfk.flac";
  auto samples = readRecording(kQuietStart);
  NPUSPEECH_REQUIRE(samples, kQuietStart);
  for (float& sample : *samples) sample *= 0.00316f;
  Windower::Options options;
  options.live = true;
  const Collected collected = runWhole(options, weights(), *samples);
  const auto windows = collected.windows();
  ASSERT_FALSE(windows.empty());
  EXPECT_LT(windows.front().startNs, kSecond / 2);
  EXPECT_EQ(windows.front().number, 0u);
}

TEST(WindowerLive, EndsEndlessSpeechAtTheCap) {
  std::mt19937 random(9);
  Windower::Options options = liveOptions();
  options.maxWindowMs = 10000;
  Live live(options, nullptr);
  int finals = 0;
  int64_t at = 0;
  live.push(noise(random, 65, 0.3f), [&](const Event& event) {
    const auto* window = std::get_if<AudioWindow>(&event);
    ASSERT_TRUE(window);
    EXPECT_EQ(window->startNs, at);
    EXPECT_LE(window->frames, 1000);
    if (!window->isFinal) return;
    ++finals;
    at = endOf(event);
  });
  EXPECT_GE(finals, 6);
}

TEST(WindowerLive, HeldPartialWindowsComeLaterAndWhole) {
  std::mt19937 random(11);
  Live live(liveOptions(), nullptr);
  int windows = 0;
  int64_t reached = 0;
  const auto count = [&](const Event& event) {
    ++windows;
    reached = endOf(event);
  };
  live.windower.holdPartial(true);
  live.push(noise(random, 3, 0.3f), count);
  EXPECT_EQ(windows, 0);
  live.windower.holdPartial(false);
  live.push(noise(random, 0.1, 0.3f), count);
  EXPECT_EQ(windows, 1);
  EXPECT_GE(reached, 3 * kSecond);
}

// The floor stays below the loudest moment of the utterance when that is no longer in the window.
TEST(WindowerLive, TheLevelOfAnUtteranceIsKept) {
  std::mt19937 random(12);
  Windower windower(liveOptions(), nullptr);
  windower.reset(0);
  const std::vector<float> loud = noise(random, 1, 0.9f), soft = noise(random, 4, 1e-4f);
  std::vector<float> mel(3000 * 80);
  float lowest = 0;
  const auto read = [&](std::span<const float> samples) {
    windower.push(samples);
    while (const auto event = windower.next())
      if (const auto* window = std::get_if<AudioWindow>(&*event)) {
        windower.logMel(mel.data());
        lowest = *std::min_element(mel.begin(), mel.begin() + window->frames * 80);
      }
  };
  read(loud);
  read(soft);
  const float before = lowest;
  windower.commit(3 * kSecond);
  read(noise(random, 0.5, 1e-4f));
  EXPECT_FLOAT_EQ(lowest, before);
}

TEST(WindowerLive, LatencyIsKept) {
  std::mt19937 random(10);
  Live live(liveOptions(), nullptr);
  int64_t reached = 0;
  const std::vector<float> samples = noise(random, 50, 0.3f);
  for (size_t at = 0; at < samples.size(); at += 160) {
    live.push({samples.begin() + static_cast<std::ptrdiff_t>(at),
               samples.begin() + static_cast<std::ptrdiff_t>(at) + 160},
              [&](const Event& event) { reached = std::max(reached, endOf(event)); });
    ASSERT_LE(live.nowNs - reached, Windower::latencyNs(liveOptions()));
  }
}

}  // namespace
}  // namespace npuspeech::test
