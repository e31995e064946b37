// SPDX-License-Identifier: LGPL-2.1-or-later
// Where sound stands in time, whatever its timestamps say: on scripted timestamps, with no element around.
#include "speech/audio/audio_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

namespace npuspeech {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kMs = 1'000'000;

/// Feeds a run as npumel does, and tells what became of its sound.
class Listener {
 public:
  explicit Listener(int64_t at = 0, bool isLive = true) {
    run.start(at, isLive);
    starts.push_back(at);
  }

  void sound(int64_t at, int64_t duration, bool isDiscont = false) {
    hear({at, samplesOf(duration), isDiscont});
  }
  void gap(std::optional<int64_t> at, std::optional<int64_t> duration) {
    fill(at);
    run.announce(at, duration);
  }
  void untimed(int64_t duration) { hear({{}, samplesOf(duration), false}); }
  void end() {
    if (run.isKeeping()) place(run.settle());
  }

  AudioRun run;
  std::vector<int64_t> starts;  // of the runs
  std::vector<int64_t> holes;   // in what was kept back
  int64_t silence = 0, kept = 0, longestKept = 0, mostLasting = 0;

  int64_t position() const { return run.endNs(); }

 private:
  static size_t samplesOf(int64_t duration) { return static_cast<size_t>(duration / 62500); }

  void fill(std::optional<int64_t> next) {
    const int64_t announced = run.takeAnnounced(next);
    silence += announced;
    run.add(samplesOf(announced));
  }

  void hear(const AudioRun::Sound& sound) {
    fill(sound.atNs);
    for (;;) {
      const AudioRun::Next next = run.next(sound);
      if (next.isKept) {
        kept += static_cast<int64_t>(sound.samples) * 62500;
        longestKept = std::max(longestKept, kept);
        return;
      }
      place(next);
      if (!next.isKnown) break;
    }
    run.add(sound.samples);
    mostLasting = std::max(mostLasting, run.lastingNs());
  }

  void place(const AudioRun::Next& next) {
    if (next.isBreak) {
      run.start(next.startNs, true);
      starts.push_back(next.startNs);
    }
    silence += next.silenceNs;
    run.add(samplesOf(next.silenceNs));
    if (next.isKnown) {
      kept = 0;
      mostLasting = std::max(mostLasting, run.lastingNs());
      for (const AudioRun::Kept& piece : run.kept()) {
        if (piece.silenceNs > 0) holes.push_back(position());
        silence += piece.silenceNs;
        run.add(samplesOf(piece.silenceNs) + piece.samples);
      }
    }
  }
};

TEST(AudioRun, DiscontAtTheRightTimeIsNoBreak) {
  Listener l;
  for (int i = 0; i < 100; ++i) l.sound(i * 20 * kMs, 20 * kMs, true);
  EXPECT_EQ(l.starts.size(), 1u);
  EXPECT_EQ(l.silence, 0);
  EXPECT_EQ(l.position(), 2 * kSecond);
}

TEST(AudioRun, AHoleThatDiscontTellsIsFilled) {
  for (const int64_t hole : {10 * kMs, 20 * kMs, 400 * kMs, kSecond}) {
    Listener l;
    l.sound(0, kSecond);
    l.sound(kSecond + hole, 20 * kMs, true);
    EXPECT_EQ(l.starts.size(), 1u);
    EXPECT_EQ(l.silence, hole);
    EXPECT_EQ(l.position(), kSecond + hole + 20 * kMs);
  }
}

TEST(AudioRun, ALongerHoleIsABreakWhereTheSoundIs) {
  Listener l;
  l.sound(0, kSecond);
  l.sound(2 * kSecond + kMs, kSecond, true);
  EXPECT_EQ(l.starts, (std::vector<int64_t>{0, 2 * kSecond + kMs}));
}

// Sound as a WebSocket brings it, stamped when it comes: all of a chunk at once, late by up to half a second.
TEST(AudioRun, SoundThatComesInBurstsStaysWhole) {
  for (const int64_t chunk : {100 * kMs, 250 * kMs, 500 * kMs, kSecond, 2 * kSecond}) {
    for (const int64_t jitter : {int64_t{0}, 20 * kMs, 500 * kMs}) {
      for (const bool isLive : {true, false}) {
        std::mt19937 random(1);
        Listener l(0, isLive);
        int64_t last = 0;
        for (int64_t at = 0; at < 60 * kSecond; at += chunk) {
          const auto late = jitter ? static_cast<int64_t>(random() % (jitter / kMs)) * kMs : 0;
          last = std::max(last, at + late);
          for (int64_t done = 0; done < chunk; done += 50 * kMs) l.sound(last, 50 * kMs);
        }
        l.end();
        EXPECT_EQ(l.starts.size(), 1u);
        EXPECT_LE(l.silence, jitter);
        EXPECT_EQ(l.position(), 60 * kSecond + l.silence);
        EXPECT_LE(std::abs(l.run.lastingNs()), jitter);
      }
    }
  }
}

TEST(AudioRun, JitterThatComesBackIsNoHole) {
  for (const bool isLive : {true, false}) {
    Listener l(0, isLive);
    for (int i = 0; i < 200; ++i) l.sound(i * 20 * kMs + (i % 7 == 6 ? 450 * kMs : 0), 20 * kMs);
    EXPECT_EQ(l.starts.size(), 1u);
    EXPECT_EQ(l.silence, 0);
    EXPECT_LE(l.longestKept, 40 * kMs) << "and nobody waits for it";
  }
}

// Neither DISCONT nor GAP tells of it, but the time that is gone never comes back.
TEST(AudioRun, AJumpThatLastsIsAHoleWhereItWas) {
  for (const int64_t hole : {300 * kMs, 900 * kMs, kSecond}) {
    Listener l;
    for (int i = 0; i < 50; ++i) l.sound(i * 20 * kMs, 20 * kMs);
    for (int i = 50; i < 120; ++i) l.sound(i * 20 * kMs + hole, 20 * kMs);
    EXPECT_EQ(l.starts.size(), 1u);
    EXPECT_EQ(l.silence, hole);
    EXPECT_EQ(l.position(), 120 * 20 * kMs + hole);
    EXPECT_LE(l.longestKept, kSecond);
  }
}

TEST(AudioRun, ALongJumpThatLastsIsABreakWhereNobodyWaits) {
  Listener l(0, false);
  for (int i = 0; i < 50; ++i) l.sound(i * 20 * kMs, 20 * kMs);
  for (int i = 50; i < 60; ++i) l.sound(i * 20 * kMs + 4 * kSecond, 20 * kMs);
  EXPECT_EQ(l.starts.size(), 1u) << "nobody knows yet";
  l.end();
  EXPECT_EQ(l.starts, (std::vector<int64_t>{0, 5 * kSecond}));
  EXPECT_EQ(l.position(), 5200 * kMs);
}

// A source that froze and goes on with its clock's time has lost nothing.
TEST(AudioRun, LiveALongJumpThatLastsIsKnownAndCutsNothing) {
  for (const int64_t jump : {1100 * kMs, 4 * kSecond, 10 * kSecond + 20 * kMs, 3600 * kSecond}) {
    for (const int64_t jitter : {int64_t{0}, 400 * kMs}) {
      std::mt19937 random(3);
      Listener l;
      for (int i = 0; i < 50; ++i) l.sound(i * 20 * kMs, 20 * kMs);
      for (int i = 50; i < 300; ++i) {
        const auto late = jitter ? static_cast<int64_t>(random() % 400) * kMs : 0;
        l.sound(i * 20 * kMs + jump + late, 20 * kMs);
      }
      EXPECT_EQ(l.starts.size(), 1u);
      EXPECT_EQ(l.silence, 0);
      EXPECT_EQ(l.position(), 6 * kSecond);
      EXPECT_NEAR(static_cast<double>(l.run.lastingNs()), static_cast<double>(jump), 40e6);
      EXPECT_LE(l.longestKept, kSecond);
    }
  }
}

TEST(AudioRun, WhatIsKeptAsTheStreamEndsIsNotCutEither) {
  Listener l;
  for (int i = 0; i < 50; ++i) l.sound(i * 20 * kMs, 20 * kMs);
  for (int i = 50; i < 60; ++i) l.sound(i * 20 * kMs + 4 * kSecond, 20 * kMs);
  l.end();
  EXPECT_EQ(l.starts.size(), 1u);
  EXPECT_EQ(l.position(), 1200 * kMs);
}

// Frozen for 5 s, it sends what it has at twice the pace, stamped when it comes.
TEST(AudioRun, WhoCatchesUpIsNotBelievedBeforeHeHas) {
  Listener l;
  for (int i = 0; i < 50; ++i) l.sound(i * 20 * kMs, 20 * kMs);
  for (int i = 50; i < 600; ++i) l.sound(std::max(i * 20 * kMs, 6 * kSecond + (i - 50) * 10 * kMs), 20 * kMs);
  EXPECT_LE(l.mostLasting, kSecond);
  EXPECT_EQ(l.starts.size(), 1u);
  EXPECT_EQ(l.position(), 12 * kSecond);
  EXPECT_EQ(l.run.lastingNs(), 0);
}

// What is not live has the time to find out where each packet was lost.
TEST(AudioRun, SmallHolesThatLastAreFilledWhereNobodyWaits) {
  Listener l(0, false);
  int64_t at = 0;
  std::vector<int64_t> holes;
  for (int i = 0; i < 500; ++i) {
    if (i % 13 == 5) {
      holes.push_back(at);
      at += 20 * kMs;
    }
    l.sound(at, 20 * kMs);
    at += 20 * kMs;
  }
  l.end();
  EXPECT_EQ(l.holes, holes);
  EXPECT_EQ(l.silence, 20 * kMs * static_cast<int64_t>(holes.size()));
  EXPECT_EQ(l.position(), at);
}

TEST(AudioRun, SmallHolesThatLastAreKnownWhereSomebodyWaits) {
  Listener l;
  int64_t at = 0;
  for (int i = 0; i < 500; ++i) {
    if (i < 400 && i % 20 == 10) at += 20 * kMs;
    l.sound(at, 20 * kMs);
    at += 20 * kMs;
    EXPECT_FALSE(l.run.isKeeping());
  }
  EXPECT_EQ(l.run.lastingNs(), at - l.position());
  l.run.mended(l.run.lastingNs());
  EXPECT_EQ(l.run.lastingNs(), 0);
}

TEST(AudioRun, DriftIsKnownAfterASecondAndNeverABreak) {
  for (const double rate : {0.98, 0.999, 1.001, 1.02}) {
    for (const bool isLive : {true, false}) {
      Listener l(0, isLive);
      for (int i = 0; i < 1000; ++i)
        l.sound(static_cast<int64_t>(rate * i * 100 * static_cast<double>(kMs)), 100 * kMs);
      l.end();
      EXPECT_EQ(l.starts.size(), 1u) << rate;
      EXPECT_EQ(l.silence, 0);
      const double off = (rate - 1) * 100 * static_cast<double>(kSecond);
      EXPECT_NEAR(static_cast<double>(l.run.lastingNs()), off, 45e6);
      l.run.shift(l.run.lastingNs());
      EXPECT_LE(std::abs(l.run.lastingNs()), 40 * kMs);
    }
  }
}

TEST(AudioRun, TimeThatGoesBackIsANewRun) {
  for (const bool isDiscont : {true, false}) {
    Listener l(100 * kSecond);
    for (int i = 0; i < 100; ++i) l.sound(100 * kSecond + i * 100 * kMs, 100 * kMs);
    for (int i = 0; i < 30; ++i) l.sound(i * 100 * kMs, 100 * kMs, isDiscont && i == 0);
    EXPECT_EQ(l.starts, (std::vector<int64_t>{100 * kSecond, 0}));
    EXPECT_EQ(l.position(), 3 * kSecond);
    EXPECT_LE(l.longestKept, kSecond);
  }
}

// As a demuxer does that counts the bytes of compressed sound wrongly.
TEST(AudioRun, TimeThatGoesBackALittleAgainAndAgainIsNoBreak) {
  for (const bool isLive : {true, false}) {
    Listener l(0, isLive);
    int64_t at = 0;
    for (int i = 0; i < 200; ++i) {
      l.sound(at, 127 * kMs);
      at += i % 4 == 3 ? -127 * kMs : 127 * kMs;
    }
    l.end();
    EXPECT_EQ(l.starts.size(), 1u);
    EXPECT_EQ(l.silence, 0);
    EXPECT_EQ(l.position(), 200 * 127 * kMs);
  }
}

TEST(AudioRun, SoundWithoutTimeFollows) {
  Listener l(7 * kSecond);
  l.sound(7 * kSecond, kSecond);
  l.untimed(kSecond);
  EXPECT_EQ(l.position(), 9 * kSecond);
  l.sound(9 * kSecond + 300 * kMs, 20 * kMs);
  EXPECT_TRUE(l.run.isKeeping());
  l.untimed(20 * kMs);
  l.end();
  EXPECT_EQ(l.position(), 9 * kSecond + 340 * kMs);
}

/// What a gap announces behind a second of sound; nothing where it ends the run.
std::optional<int64_t> announced(std::optional<int64_t> start, std::optional<int64_t> duration) {
  Listener l;
  l.sound(0, kSecond);
  return l.run.announce(start, duration) ? std::optional(l.run.announcedNs()) : std::nullopt;
}

TEST(AudioRun, GapsAreSilenceForAsMuchAsIsMissing) {
  EXPECT_EQ(announced(kSecond, 20 * kMs), 20 * kMs);
  EXPECT_EQ(announced(kSecond + 100 * kMs, 100 * kMs), 195 * kMs) << "with a hole before it";
  EXPECT_EQ(announced(900 * kMs, 200 * kMs), 105 * kMs) << "half of it was there";
  EXPECT_EQ(announced(500 * kMs, 200 * kMs), 0);
  EXPECT_EQ(announced({}, 20 * kMs), 20 * kMs) << "where it stands";
  EXPECT_FALSE(announced(kSecond, 2 * kSecond));
  EXPECT_FALSE(announced(5 * kSecond, 20 * kMs));
  Listener l;
  l.run.stop();
  EXPECT_FALSE(l.run.announce(0, 20 * kMs));
}

TEST(AudioRun, AGapOfUnknownLengthEndsARunOnlyWhereMuchIsMissingBeforeIt) {
  EXPECT_EQ(announced(kSecond, {}), 0);
  EXPECT_EQ(announced(kSecond, 0), 0);
  EXPECT_EQ(announced({}, {}), 0);
  EXPECT_EQ(announced(1500 * kMs, {}), 495 * kMs);
  EXPECT_FALSE(announced(2100 * kMs, {}));
  EXPECT_FALSE(announced(2100 * kMs, 0));
}

TEST(AudioRun, AGapBehindTheTimeMissesNothing) {
  for (const int64_t duration : {int64_t{0}, 20 * kMs, 500 * kMs}) EXPECT_EQ(announced(0, duration), 0);
  Listener l;
  l.sound(0, 10 * kSecond);
  EXPECT_TRUE(l.run.announce(5 * kSecond, 5 * kSecond + 20 * kMs));
  EXPECT_NEAR(static_cast<double>(l.run.announcedNs()), 20e6, 5e6);
}

TEST(AudioRun, WhatComesNextTellsHowLongAGapWas) {
  for (const int64_t duration : {int64_t{0}, 20 * kMs, 500 * kMs, kSecond}) {
    for (const int64_t missing : {int64_t{0}, 20 * kMs, 60 * kMs, 400 * kMs}) {
      Listener l;
      l.sound(0, kSecond);
      ASSERT_TRUE(l.run.announce(kSecond, duration));
      l.sound(kSecond + missing, 20 * kMs);
      EXPECT_EQ(l.position(), kSecond + missing + 20 * kMs) << duration;
      EXPECT_EQ(l.starts.size(), 1u);
    }
  }
}

TEST(AudioRun, OneGapTellsHowLongTheOneBeforeWas) {
  for (const int64_t duration : {int64_t{0}, 20 * kMs, 200 * kMs}) {
    Listener l;
    l.sound(0, kSecond);
    for (int i = 0; i < 3; ++i) l.gap(kSecond + i * 20 * kMs, duration);
    l.sound(kSecond + 60 * kMs, 20 * kMs);
    EXPECT_EQ(l.position(), kSecond + 80 * kMs) << duration;
  }
}

TEST(AudioRun, TimesMayBeEnormousAndAnything) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    Listener l(static_cast<int64_t>(random() >> (1 + random() % 40)), round % 2 != 0);
    for (int i = 0; i < 50; ++i) {
      l.sound(static_cast<int64_t>(random() >> (random() % 64)), 20 * kMs, random() % 2);
      if (!l.run.isKeeping()) l.gap(random() >> (random() % 64), random() >> (random() % 64));
      EXPECT_TRUE(AudioRun::isTime(l.run.endNs()));
    }
  }
}

}  // namespace
}  // namespace npuspeech
