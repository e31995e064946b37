// SPDX-License-Identifier: LGPL-2.1-or-later
// Sessions from sound to words, by a clock of the test: words come once and in order, whatever goes in.
#include "speech/session/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kMs = 1'000'000;
constexpr size_t kRate = 16000;
const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};

std::vector<float> noise(double seconds) {
  std::vector<float> samples(static_cast<size_t>(seconds * kRate));
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> level(-0.1f, 0.1f);
  for (float& sample : samples) sample = level(random);
  return samples;
}

/// What came out of a session, in order.
struct Heard {
  std::vector<SessionText> texts;
  std::vector<SessionGap> gaps;
  std::vector<Error> errors;
  std::vector<Word> words;  // of all texts

  void take(const SessionEvent& event) {
    if (const auto* text = std::get_if<SessionText>(&event)) {
      texts.push_back(*text);
      words.insert(words.end(), text->words.begin(), text->words.end());
    } else if (const auto* gap = std::get_if<SessionGap>(&event)) {
      gaps.push_back(*gap);
    } else {
      errors.push_back(std::get<Error>(event));
    }
  }
  std::vector<std::string> said() const {
    std::vector<std::string> said;
    for (const Word& word : words) said.push_back(word.text);
    return said;
  }
  size_t utterances() const {
    return static_cast<size_t>(
        std::count_if(texts.begin(), texts.end(), [](const SessionText& t) { return t.endsUtterance; }));
  }
};

/// `count` times what the model says.
std::vector<std::string> saysTimes(size_t count) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) all.insert(all.end(), kSays.begin(), kSays.end());
  return all;
}

void expectOrder(const Heard& heard) {
  int64_t last = INT64_MIN;
  for (const Word& word : heard.words) {
    EXPECT_GE(word.startNs, last);
    EXPECT_GE(word.endNs, word.startNs);
    last = word.endNs;
  }
  for (size_t i = 1; i < heard.texts.size(); ++i)
    EXPECT_GE(heard.texts[i].endNs, heard.texts[i - 1].endNs) << i;
}

/// A model that says six words in each utterance, whatever it hears. All sound counts as speech.
class SessionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<test::TempFolder>();
    test::TinyModelOptions options;
    options.says = kSays;
    test::writeTinyModel(folder_->path(), options);
    auto engine = Engine::open({folder_->path(), "cpu", Precision::Float32, 1}, {}, {});
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = *engine;
  }
  static void TearDownTestSuite() {
    engine_.reset();
    folder_.reset();
  }

  std::unique_ptr<Session> open(bool live, Session::Listener listener = {}) {
    SessionOptions options;
    options.live = live;
    options.stream.language = "en";
    auto session = Session::open(
        engine_, nullptr, options, [this] { return now_; }, std::move(listener));
    EXPECT_TRUE(session);
    return std::move(*session);
  }

  /// As a microphone: pieces of 20 ms as the clock goes on, each window read at once.
  void speak(Session& session, double seconds, Heard& heard, std::optional<int64_t> atNs = {}) {
    const auto samples = noise(seconds);
    for (size_t at = 0; at < samples.size(); at += 320) {
      now_ += 20 * kMs;
      EXPECT_TRUE(session.push(std::span(samples).subspan(at, 320), atNs));
      if (atNs) *atNs += 20 * kMs;
      take(session, heard);
    }
  }
  static void take(Session& session, Heard& heard) {
    while (const auto event = session.wait()) heard.take(*event);
  }

  static std::unique_ptr<test::TempFolder> folder_;
  static std::shared_ptr<Engine> engine_;
  int64_t now_ = 1000 * kSecond;
};
std::unique_ptr<test::TempFolder> SessionTest::folder_;
std::shared_ptr<Engine> SessionTest::engine_;

TEST_F(SessionTest, LiveWordsComeEarlyOnceAndInOrder) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 8, heard);
  EXPECT_FALSE(heard.words.empty()) << "before the end of the utterance";
  EXPECT_EQ(heard.utterances(), 0u);
  EXPECT_FALSE(heard.texts.back().interim.empty());
  EXPECT_TRUE(session->drain());
  take(*session, heard);
  EXPECT_EQ(heard.said(), kSays);
  EXPECT_EQ(heard.utterances(), 1u);
  EXPECT_TRUE(heard.texts.back().endsUtterance);
  EXPECT_TRUE(heard.texts.back().interim.empty());
  EXPECT_EQ(heard.texts.back().endNs, 8 * kSecond);
  EXPECT_EQ(heard.texts.back().language, "en");
  expectOrder(heard);
  EXPECT_TRUE(heard.errors.empty());
}

TEST_F(SessionTest, AGapEndsTheUtteranceAndStandsBetween) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 5, heard, 10 * kSecond);
  EXPECT_TRUE(session->pushGap(15 * kSecond, 4 * kSecond));
  take(*session, heard);
  EXPECT_EQ(heard.said(), kSays);
  EXPECT_EQ(heard.utterances(), 1u);
  ASSERT_EQ(heard.gaps.size(), 1u);
  EXPECT_EQ(heard.gaps[0].startNs, 15 * kSecond);
  EXPECT_EQ(heard.gaps[0].durationNs, 4 * kSecond);
  speak(*session, 5, heard);
  session->drain();
  take(*session, heard);
  EXPECT_EQ(heard.said(), saysTimes(2));
  EXPECT_EQ(heard.utterances(), 2u);
  EXPECT_LE(heard.words[5].endNs, 15 * kSecond);
  EXPECT_GE(heard.words[6].startNs, 19 * kSecond) << "where the gap says that sound goes on";
  expectOrder(heard);
}

TEST_F(SessionTest, AShortGapIsSilenceWithinTheUtterance) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 4, heard);
  EXPECT_TRUE(session->pushGap(4 * kSecond, 60 * kMs));
  speak(*session, 2, heard);
  session->drain();
  take(*session, heard);
  EXPECT_EQ(heard.utterances(), 1u);
  EXPECT_TRUE(heard.gaps.empty());
  EXPECT_EQ(heard.texts.back().endNs, 6 * kSecond + 60 * kMs);
}

TEST_F(SessionTest, ADiscontinuityLeavesAGap) {
  for (const bool live : {true, false}) {
    const auto session = open(live);
    Heard heard;
    speak(*session, 4, heard, 0);
    const auto samples = noise(4);
    session->push(samples, 7 * kSecond, true);
    session->drain();
    take(*session, heard);
    EXPECT_EQ(heard.said(), saysTimes(2));
    ASSERT_EQ(heard.gaps.size(), 1u);
    EXPECT_EQ(heard.gaps[0].startNs, 4 * kSecond);
    EXPECT_EQ(heard.gaps[0].durationNs, 3 * kSecond);
    EXPECT_GE(heard.words[6].startNs, 7 * kSecond);
    EXPECT_EQ(heard.texts.back().endNs, 11 * kSecond);
  }
}

// Its sound goes on as if nothing had happened.
TEST_F(SessionTest, WordsBehindAFreezeHaveTheTimesOfTheSourcesClock) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 4, heard, 0);
  speak(*session, 8, heard, 9 * kSecond);
  session->drain();
  take(*session, heard);
  expectOrder(heard);
  EXPECT_GE(heard.words.back().endNs, 9 * kSecond);
  EXPECT_EQ(heard.texts.back().endNs, 17 * kSecond);
}

TEST_F(SessionTest, ARecordingIsReadInWholeWindowsWhateverThePieces) {
  std::vector<std::string> said;
  std::vector<int64_t> ends;
  for (const size_t piece : {size_t{160}, size_t{4096}, size_t{70} * kRate}) {
    const auto session = open(false);
    const auto samples = noise(70);
    Heard heard;
    for (size_t at = 0; at < samples.size(); at += piece) {
      session->push(std::span(samples).subspan(at, std::min(piece, samples.size() - at)));
      while (const auto event = session->next()) heard.take(*event);
    }
    EXPECT_FALSE(session->dueNs()) << "nobody waits for a recording";
    session->drain();
    take(*session, heard);
    EXPECT_EQ(heard.utterances(), heard.texts.size());
    EXPECT_EQ(heard.said(), saysTimes(heard.texts.size()));
    EXPECT_EQ(heard.texts.back().endNs, 70 * kSecond);
    expectOrder(heard);
    std::vector<int64_t> these;
    for (const auto& text : heard.texts) {
      EXPECT_TRUE(text.interim.empty());
      EXPECT_LE(text.endNs - text.startNs, 30 * kSecond);
      these.push_back(text.endNs);
    }
    if (ends.empty()) ends = these;
    EXPECT_EQ(these, ends) << piece;
  }
}

TEST_F(SessionTest, ResetForgetsWhatWasSaidAndStartsAgain) {
  const auto session = open(true);
  Heard before, after;
  speak(*session, 4, before);
  session->push(noise(2));  // whatever this gives
  session->reset();
  EXPECT_FALSE(session->next());
  EXPECT_FALSE(session->wait());
  EXPECT_FALSE(session->dueNs());
  speak(*session, 5, after, 100 * kSecond);
  session->drain();
  take(*session, after);
  EXPECT_EQ(after.said(), kSays);
  EXPECT_GE(after.texts.front().startNs, 100 * kSecond);
  EXPECT_GT(after.texts.front().utterance, before.texts.back().utterance) << "no number comes twice";
  EXPECT_TRUE(after.errors.empty());
}

TEST_F(SessionTest, DrainingOftenOrWithNothingThereIsFine) {
  const auto session = open(true);
  Heard heard;
  EXPECT_TRUE(session->drain());
  EXPECT_TRUE(session->push({}));
  EXPECT_TRUE(session->drain());
  EXPECT_FALSE(session->wait());
  speak(*session, 4, heard);
  EXPECT_TRUE(session->drain());
  EXPECT_TRUE(session->drain());
  take(*session, heard);
  EXPECT_EQ(heard.said(), kSays);
  EXPECT_FALSE(session->next());
}

// Words must not wait for sound that may never come, but one that may be cut does.
TEST_F(SessionTest, AStalledSourceGivesItsWordsByTheClock) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 4, heard);
  ASSERT_TRUE(session->dueNs());
  const int64_t due = *session->dueNs();
  EXPECT_GE(due, now_ + SpeechInput::kStallNs);
  EXPECT_LE(due, now_ + SpeechInput::kStallNs + 20 * kMs);
  const size_t before = heard.words.size();
  now_ = due - 1;
  session->tick();
  take(*session, heard);
  EXPECT_EQ(heard.words.size(), before) << "not yet";
  now_ = due;
  session->tick();
  take(*session, heard);
  EXPECT_GE(heard.words.size(), kSays.size() - 1);
  EXPECT_EQ(heard.utterances(), 0u);
  ASSERT_EQ(heard.gaps.size(), 1u);
  EXPECT_EQ(heard.gaps[0].startNs, 4 * kSecond);
  EXPECT_FALSE(heard.gaps[0].durationNs);
  ASSERT_TRUE(session->dueNs());
  EXPECT_EQ(*session->dueNs(), due + SpeechInput::kGoneNs);
  now_ = *session->dueNs();
  session->tick();
  take(*session, heard);
  EXPECT_EQ(heard.said(), kSays);
  EXPECT_EQ(heard.utterances(), 1u) << "it will hardly go on";
  EXPECT_FALSE(session->dueNs());
  session->tick();
  EXPECT_FALSE(session->wait());
  speak(*session, 4, heard);
  session->drain();
  take(*session, heard);
  EXPECT_EQ(heard.said(), saysTimes(2)) << "and starts again";
  expectOrder(heard);
}

TEST_F(SessionTest, ASourceThatGoesOnInTimeHasNotStalled) {
  const auto session = open(true);
  Heard heard;
  speak(*session, 4, heard);
  now_ = *session->dueNs();
  session->tick();
  speak(*session, 2, heard);
  EXPECT_EQ(*session->dueNs() / kSecond, (now_ + SpeechInput::kStallNs) / kSecond) << "the first stage again";
  session->drain();
  take(*session, heard);
  EXPECT_EQ(heard.said(), kSays) << "one utterance, each word once";
  EXPECT_EQ(heard.utterances(), 1u);
}

TEST_F(SessionTest, ABurstHasItsOwnTime) {
  const auto session = open(true);
  session->push(noise(10), 0);
  ASSERT_TRUE(session->dueNs());
  EXPECT_EQ(*session->dueNs(), now_ + 10 * kSecond + SpeechInput::kStallNs);
}

// The listener runs with no lock held: it may take events at once.
TEST_F(SessionTest, AListenerNeedsNothingElse) {
  Heard heard;
  std::mutex mutex;
  std::condition_variable changed;
  Session* listened = nullptr;
  auto session = open(false, [&] {
    const std::lock_guard lock(mutex);  // called on two threads
    while (const auto event = listened->next()) heard.take(*event);
    changed.notify_all();
  });
  listened = session.get();
  session->push(noise(40));
  session->drain();
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] {
      return !heard.texts.empty() && heard.texts.back().endNs == 40 * kSecond;
    }));
  }
  session.reset();
  EXPECT_EQ(heard.said(), saysTimes(heard.utterances()));
  EXPECT_GE(heard.utterances(), 2u);
}

}  // namespace
}  // namespace npuspeech
