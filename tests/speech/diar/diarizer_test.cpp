// SPDX-License-Identifier: LGPL-2.1-or-later
// From sound to turns, with networks that hear what the test says.
#include "speech/diar/diarizer.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "speech/diar/unit_vector.h"
#include "tests/speech/diar/fake_talk.h"
#include "tests/speech/diar/heard_turns.h"

namespace npuspeech {
namespace {

using namespace diar;
using test::FakeTalk;
using test::Heard;

// Talks

/// Who speaks in each frame of 10 ms.
using Talk = std::vector<unsigned>;

/// Turns of 1 to 6 s with pauses, and sometimes two at once.
Talk makeTalk(std::mt19937& random, int people, int seconds) {
  Talk talk;
  int last = -1;
  while (talk.size() < static_cast<size_t>(seconds) * 100) {
    int person = static_cast<int>(random()) & 0x7fffffff;
    person %= people;
    if (person == last && people > 1) person = (person + 1) % people;
    const size_t turn = 100 + random() % 500, pause = 20 + random() % 80,
                 overlap = random() % 4 == 0 ? 80 : 0;
    for (size_t i = 0; i < turn; ++i)
      talk.push_back(1u << person | (last >= 0 && i < overlap && i >= 20 ? 1u << last : 0));
    talk.insert(talk.end(), pause, 0);
    last = person;
  }
  talk.resize(static_cast<size_t>(seconds) * 100);
  return talk;
}

std::vector<float> soundOf(std::span<const unsigned> talk) {
  std::vector<float> samples;
  samples.reserve(talk.size() * kFrame);
  for (unsigned people : talk) samples.insert(samples.end(), kFrame, FakeTalk::sampleOf(people));
  return samples;
}

/// The share of frames in which exactly those speak who were told, by the speaker that each was told most.
/// Frames of pauses count as right where somebody spoke within 0.5 s.
double rightShare(const Heard::Labels& labels, const std::map<int64_t, unsigned>& talk) {
  std::map<std::pair<int, int>, int> together;
  for (const auto& [frame, speakers] : labels) {
    const auto there = talk.find(frame);
    for (int person = 0; there != talk.end() && person < FakeTalk::kPeople; ++person)
      for (int speaker : speakers)
        if (there->second >> person & 1) ++together[{person, speaker}];
  }
  std::map<int, int> personOf;
  std::map<int, int> most;
  for (const auto& [pair, count] : together)
    if (count > most[pair.second]) {
      most[pair.second] = count;
      personOf[pair.second] = pair.first;
    }
  int right = 0, all = 0;
  for (const auto& [frame, people] : talk) {
    const auto told = labels.find(frame);
    unsigned heard = 0;
    if (told != labels.end())
      for (int speaker : told->second) heard |= 1u << personOf[speaker];
    if (people == 0) continue;
    ++all;
    right += heard == people;
  }
  return static_cast<double>(right) / all;
}

std::map<int64_t, unsigned> byFrame(const Talk& talk, int64_t first = 0) {
  std::map<int64_t, unsigned> frames;
  for (unsigned people : talk) frames[first++] = people;
  return frames;
}

TEST(Diarizer, TellsFirstLabelsTwoSecondsBehindAndFinalOnesThirty) {
  std::mt19937 random(1);
  const Talk talk = makeTalk(random, 3, 120);
  const auto sound = soundOf(talk);
  FakeTalk models;
  Heard heard;
  Diarizer diarizer({}, models, heard);
  const int64_t startNs = 7'000'000'000;
  for (size_t at = 0; at < sound.size(); at += 480) {
    diarizer.push(std::span(sound).subspan(at, 480), at == 0 ? std::optional(startNs) : std::nullopt);
    const int64_t hopNs = startNs + static_cast<int64_t>((at + 480) / kHop) * kHop * kNsPerSample;
    EXPECT_EQ(*diarizer.frontierNs(), std::max(startNs, hopNs - 2'000'000'000));
    const auto endOf = [](const Heard::Labels& labels, int64_t before) {
      return labels.empty() ? before : (labels.rbegin()->first + 1) * kNsPerFrame;
    };
    EXPECT_EQ(endOf(heard.first(), startNs), *diarizer.frontierNs());
    EXPECT_EQ(endOf(heard.final(), startNs), std::max(startNs, hopNs - 30'000'000'000));
  }
  diarizer.drain();
  EXPECT_EQ(heard.first().size(), talk.size());
  EXPECT_EQ(heard.final().size(), talk.size());
  EXPECT_GT(rightShare(heard.first(), byFrame(talk, 700)), 0.93);
  EXPECT_GT(rightShare(heard.final(), byFrame(talk, 700)), 0.97);
  EXPECT_EQ(heard.speakers, (std::set<int>{0, 1, 2}));
}

TEST(Diarizer, KnowsTheSpeakerOfAWord) {
  FakeTalk models;
  Heard heard;
  Diarizer diarizer({}, models, heard);
  Talk talk(1000, 1);
  talk.insert(talk.end(), 1000, 2);
  EXPECT_FALSE(diarizer.speakerOf(0, 1'000'000'000));
  diarizer.push(soundOf(talk), 0);
  EXPECT_EQ(diarizer.speakerOf(3'000'000'000, 3'300'000'000), 0);
  EXPECT_EQ(diarizer.speakerOf(9'800'000'000, 10'500'000'000), 1);
  EXPECT_FALSE(diarizer.speakerOf(19'000'000'000, 19'500'000'000));  // behind the frontier
  diarizer.drain();
  EXPECT_EQ(diarizer.speakerOf(19'000'000'000, 19'500'000'000), 1);
  EXPECT_FALSE(diarizer.speakerOf(30'000'000'000, 31'000'000'000));
}

TEST(Diarizer, NobodySpeaksInSilence) {
  for (bool live : {true, false}) {
    FakeTalk models;
    Heard heard;
    Diarizer diarizer({.live = live, .leastSpeakers = 2}, models, heard);
    diarizer.push(soundOf(Talk(3000, 0)), 0);
    diarizer.drain();
    EXPECT_TRUE(heard.speakers.empty());
    EXPECT_EQ(heard.final().size(), 3000u);
  }
}

TEST(Diarizer, TellsNoMoreAndNoFewerSpeakersThanAllowed) {
  for (unsigned seed = 1; seed <= 24; ++seed) {
    std::mt19937 random(seed);
    const int people = 1 + static_cast<int>(random() % 6);
    const Talk talk = makeTalk(random, people, 60);
    DiarizerOptions options{.live = seed % 2 == 0};
    options.leastSpeakers = 1 + static_cast<int>(random() % 4);
    options.mostSpeakers = options.leastSpeakers + static_cast<int>(random() % 3);
    FakeTalk models(seed, seed % 3 == 0 ? 1.3 : 0.7);
    Heard heard;
    Diarizer diarizer(options, models, heard);
    diarizer.push(soundOf(talk), 0);
    diarizer.drain();
    const auto told = static_cast<int>(heard.speakers.size());
    EXPECT_LE(told, options.mostSpeakers) << seed;
    EXPECT_GE(told, options.leastSpeakers) << seed;
  }
}

/// What applications push: pieces of any size, gaps, lost sound, time that jumps, flushes.
TEST(Diarizer, GoesThroughGapsJumpsAndResets) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    FakeTalk models(seed);
    auto heard = std::make_unique<Heard>();
    std::unique_ptr<Heard> old;
    struct Relay : DiarizerListener {
      Heard* to = nullptr;
      void takeTurns(LabelState state, int64_t start, int64_t end,
                     std::span<const SpeakerTurn> turns) override {
        to->takeTurns(state, start, end, turns);
      }
      void takeMerge(int from, int into) override { to->takeMerge(from, into); }
    } relay;
    relay.to = heard.get();
    Diarizer diarizer({}, models, relay);
    std::map<int64_t, unsigned> said;
    int64_t frame = 0;
    for (int piece = 0; piece < 60; ++piece) {
      const Talk talk = makeTalk(random, 3, 1 + static_cast<int>(random() % 4));
      const auto sound = soundOf(talk);
      std::optional<int64_t> at = frame * kNsPerFrame;
      for (size_t done = 0; done < sound.size();) {
        const size_t count = std::min<size_t>(sound.size() - done, 1 + random() % 4000);
        diarizer.push(std::span(sound).subspan(done, count), at);
        at.reset();
        done += count;
      }
      for (unsigned people : talk) said[frame++] = people;
      switch (random() % 8) {
        case 0:  // sound that is lost
          frame += static_cast<int64_t>(random() % 900);
          break;
        case 1: {  // a gap that is told
          const auto frames = static_cast<int64_t>(random() % 1200);
          diarizer.pushGap(frame * kNsPerFrame, frames * kNsPerFrame);
          frame += frames;
          EXPECT_GE(*diarizer.frontierNs() + 2'600'000'000, frame * kNsPerFrame);
          break;
        }
        case 2:
          diarizer.drain();
          EXPECT_EQ(heard->final().size(), heard->first().size());
          break;
        case 3:
          if (random() % 4 != 0) break;
          diarizer.reset();
          old = std::exchange(heard, std::make_unique<Heard>());
          relay.to = heard.get();
          said.clear();
          frame = static_cast<int64_t>(random() % 100000);
          break;
        default:
          break;
      }
    }
    diarizer.drain();
    for (const auto& [at, people] : said) EXPECT_TRUE(heard->final().contains(at)) << "no label for " << at;
    if (said.size() > 6000) {
      EXPECT_GT(rightShare(heard->final(), said), 0.85) << seed;
    }
  }
}

/// A voice activity detector that hears nothing in some stretches, in seconds.
class HalfDeaf : public FakeTalk {
 public:
  using Stretches = std::vector<std::pair<double, double>>;
  explicit HalfDeaf(Stretches deaf) : FakeTalk(1, 0.4), deaf_(std::move(deaf)) {}
  void detectSpeech(std::span<const float> samples, std::span<float> probabilities) override {
    FakeTalk::detectSpeech(samples, probabilities);
    for (float& probability : probabilities) {
      const double at = (static_cast<double>(heard_++) + 0.5) * kSpeechFrame / kSampleRate;
      for (const auto& [start, end] : deaf_)
        if (at >= start && at < end) probability = 0.1f;
    }
  }

 private:
  Stretches deaf_;
  int64_t heard_ = 0;
};

/// Lets each of these speak for so many seconds.
Talk talkOf(std::initializer_list<std::pair<unsigned, double>> turns) {
  Talk talk;
  for (const auto& [people, seconds] : turns)
    talk.insert(talk.end(), static_cast<size_t>(seconds * 100), people);
  return talk;
}

TEST(Diarizer, KnowsQuietSpeechByItsVoiceAndDropsOthers) {
  for (bool live : {true, false}) {
    HalfDeaf models({{12, 15}, {17, 22}});
    Heard heard;
    Diarizer diarizer({.live = live}, models, heard);
    diarizer.push(soundOf(talkOf({{1, 10}, {0, 2}, {1, 3}, {0, 2}, {2, 5}, {0, 2}, {1, 30}})), 0);
    diarizer.drain();
    EXPECT_EQ(heard.final().size(), 5400u);
    for (int64_t frame = 1210; frame < 1490; ++frame) EXPECT_EQ(heard.final().at(frame).size(), 1u) << frame;
    for (int64_t frame = 1710; frame < 2190; ++frame) EXPECT_TRUE(heard.final().at(frame).empty()) << frame;
    EXPECT_EQ(heard.speakers, std::set<int>{0});
  }
}

/// The end of a turn is final later than its beginning, but is not a turn of its own.
TEST(Diarizer, JudgesATurnAsAWhole) {
  HalfDeaf models({{0, 4.8}, {5.3, 60}});
  Heard heard;
  Diarizer diarizer({}, models, heard);
  diarizer.push(soundOf(talkOf({{0, 2}, {1, 4}, {0, 40}})), 0);
  diarizer.drain();
  for (const auto& [frame, speakers] : heard.final()) EXPECT_TRUE(speakers.empty()) << frame;
}

/// Two voices that turn out to be one person's, once the voice between them is heard.
struct OneInThree : FakeTalk {
  OneInThree() : FakeTalk(1, 0.3) {
    for (size_t i = 0; i < voices_[0].size(); ++i) {
      voices_[1][i] = 0.3f * voices_[0][i] + 0.95f * voices_[1][i];
      voices_[2][i] = voices_[0][i] + voices_[1][i];
    }
    normalize(voices_[1]);
    normalize(voices_[2]);
  }
};

TEST(Diarizer, TellsOfSpeakersThatWereFoundTwice) {
  OneInThree models;
  Heard heard;
  Diarizer diarizer({}, models, heard);
  diarizer.push(soundOf(talkOf({{1, 12}, {0, 1}, {2, 12}, {0, 1}, {4, 60}})), 0);
  diarizer.drain();
  ASSERT_EQ(heard.merges.size(), 1u);
  const auto [from, into] = heard.merges[0];
  EXPECT_EQ(std::min(from, into), 0);
  EXPECT_EQ(std::max(from, into), 1);
  EXPECT_EQ(heard.speakers, (std::set<int>{0, 1}));
  for (int64_t frame = 7000; frame < 8000; ++frame)
    EXPECT_EQ(heard.final().at(frame), std::set<int>{into}) << frame;
}

TEST(Diarizer, AStreamThatGoesBackBeginsANewRun) {
  FakeTalk models;
  Heard before, after;
  Diarizer diarizer({}, models, before);
  diarizer.push(soundOf(Talk(1234, 1)), 50'000'000'000);
  diarizer.push(soundOf(Talk(500, 1)), 10'000'000'000);
  diarizer.drain();
  EXPECT_EQ(before.final().size(), 1234u + 500u);
  EXPECT_EQ(before.final().begin()->first, 1000);
  EXPECT_EQ(before.speakers, std::set<int>{0});
}

/// Told of each frame, but not kept.
struct Count : DiarizerListener {
  void takeTurns(LabelState state, int64_t, int64_t, std::span<const SpeakerTurn> turns) override {
    if (state == LabelState::Final)
      for (const SpeakerTurn& turn : turns) most = std::max(most, turn.speaker);
  }
  void takeMerge(int, int) override { ++merges; }
  int most = -1, merges = 0;
};

double cpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(Diarizer, CostsTheSameAtAnyAge) {
  const char* hours = std::getenv("NPUSPEECH_TEST_HOURS");
  const int rounds = hours ? 12 * std::atoi(hours) : 6;  // of five minutes
  std::mt19937 random(3);
  FakeTalk models(3);
  Count count;
  Diarizer diarizer({}, models, count);
  const auto sound = soundOf(makeTalk(random, 4, 300));
  size_t memory = 0;
  double early = 1e9, late = 1e9;
  for (int round = 0; round < rounds; ++round) {
    if (round == 2) memory = mallinfo2().uordblks;
    for (size_t at = 0; at < sound.size(); at += sound.size() / 10) {
      const double start = cpuSeconds();
      diarizer.push(std::span(sound).subspan(at, sound.size() / 10));
      double& least = round < 4 ? early : late;
      if (round >= 2) least = std::min(least, cpuSeconds() - start);
    }
  }
  std::printf("a hop costs %.3f ms early, %.3f ms late; %zu bytes more; %d speakers told, %d merged\n",
              early / 60 * 1e3, late / 60 * 1e3, mallinfo2().uordblks - memory, count.most + 1, count.merges);
  EXPECT_LT(mallinfo2().uordblks, memory + 65536);
  EXPECT_LT(late, 1.5 * early);
  EXPECT_LE(count.most + 1, 8);
}

}  // namespace
}  // namespace npuspeech
