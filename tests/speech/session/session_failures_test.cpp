// SPDX-License-Identifier: LGPL-2.1-or-later
// Sessions over an engine that fails, is slow or never answers: one error, nothing hangs, and they start
// again.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <limits>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "speech/session/session.h"
#include "tests/support/fake_engine.h"

namespace npuspeech {
namespace {

using namespace std::chrono_literals;
using test::FakeCall;
using test::FakeCalled;

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kPiece = 320;

struct Counts {
  size_t texts = 0, utterances = 0, words = 0;
  std::vector<Error> errors;
};

/// A session over an engine whose script can be changed at any time. All sound counts as speech.
class FailingSession : public ::testing::Test {
 protected:
  using Script = std::function<std::optional<Error>(const FakeCall&)>;

  void SetUp() override {
    engines_ = std::make_shared<test::FakeEngines>([this](const FakeCall& call) { return ask(call); },
                                                   std::vector<std::string>{"hello", "world"});
    engine_ = *engines_->open({}, {}, {});
  }

  std::optional<Error> ask(const FakeCall& call) {
    Script script;
    {
      const std::lock_guard lock(mutex_);
      script = script_;
    }
    return script ? script(call) : std::nullopt;
  }
  void setScript(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  /// Windows stay with the decoder until they are cancelled, or the script changes to what says so.
  void holdUp(FakeCalled called) {
    setScript([this, called](const FakeCall& call) -> std::optional<Error> {
      if (call.called != called) return {};
      isHeldUp_ = true;
      while (!call.stop.stop_requested() && !goOn_) std::this_thread::sleep_for(1ms);
      return {};
    });
  }
  void waitForHoldUp() const {
    while (!isHeldUp_) std::this_thread::sleep_for(1ms);
  }

  std::unique_ptr<Session> open(bool live) {
    SessionOptions options;
    options.live = live;
    auto session = Session::open(engine_, nullptr, options, [this] { return now_.load(); });
    EXPECT_TRUE(session);
    return std::move(*session);
  }
  /// Pieces of 20 ms as the clock goes on, each window read at once. False where the session takes no more.
  bool speak(Session& session, double seconds, Counts& counts) {
    const std::vector<float> piece(kPiece, 0.1f);
    bool goesOn = true;
    for (int i = 0; goesOn && i < static_cast<int>(seconds * 50); ++i) {
      now_ += kSecond / 50;
      goesOn = session.push(piece);
      take(session, counts);
    }
    return goesOn;
  }
  static void take(Session& session, Counts& counts) {
    while (const auto event = session.wait()) {
      EXPECT_TRUE(counts.errors.empty()) << "nothing comes behind an error";
      if (const auto* error = std::get_if<Error>(&*event)) counts.errors.push_back(*error);
      if (const auto* text = std::get_if<SessionText>(&*event)) {
        ++counts.texts;
        counts.utterances += text->endsUtterance;
        counts.words += text->words.size();
      }
    }
  }
  /// What it says after reset() is what a session says that never failed.
  void expectHealthy(Session& session) {
    setScript({});
    session.reset();
    Counts counts;
    EXPECT_TRUE(speak(session, 3, counts));
    EXPECT_TRUE(session.drain());
    take(session, counts);
    EXPECT_EQ(counts.utterances, 1u);
    EXPECT_EQ(counts.words, 2u);
    EXPECT_TRUE(counts.errors.empty());
  }

  std::atomic<int64_t> now_{0};
  std::atomic<bool> isHeldUp_{false}, goOn_{false};
  std::mutex mutex_;
  Script script_;  // under mutex_
  std::shared_ptr<test::FakeEngines> engines_;
  std::shared_ptr<Engine> engine_;
};

TEST_F(FailingSession, EachFailureIsOneErrorAndItStartsAgain) {
  for (const bool live : {true, false})
    for (const FakeCalled called : {FakeCalled::Allocate, FakeCalled::Encode, FakeCalled::Decode})
      for (int fails = 0; fails < (called == FakeCalled::Allocate ? 2 : 3); ++fails) {
        const int begin = engines_->calls(called);
        setScript([=](const FakeCall& call) -> std::optional<Error> {
          if (call.called != called || call.number < begin + fails) return {};
          return Error{ErrorCode::DeviceFailed, "The device gave up."};
        });
        const auto session = open(live);
        Counts counts;
        speak(*session, 100, counts);
        session->drain();
        take(*session, counts);
        ASSERT_EQ(counts.errors.size(), 1u) << static_cast<int>(called) << " " << fails << " " << live;
        EXPECT_EQ(counts.errors[0].code, ErrorCode::DeviceFailed);
        EXPECT_EQ(counts.errors[0].message, "The device gave up.");
        EXPECT_EQ(counts.texts, called == FakeCalled::Allocate ? 0 : static_cast<size_t>(fails));
        const int calls = engines_->calls(called);
        EXPECT_FALSE(speak(*session, 1, counts));
        EXPECT_FALSE(session->pushGap(0, kSecond));
        EXPECT_FALSE(session->drain());
        EXPECT_FALSE(session->dueNs());
        session->tick();
        EXPECT_EQ(engines_->calls(called), calls) << "it does not try again by itself";
        expectHealthy(*session);
      }
}

TEST_F(FailingSession, WhatIsThrownIsAnErrorToo) {
  const auto session = open(true);
  Counts counts;
  setScript([](const FakeCall& call) -> std::optional<Error> {
    if (call.called == FakeCalled::Encode) throw std::bad_alloc();
    return {};
  });
  speak(*session, 2, counts);
  ASSERT_EQ(counts.errors.size(), 1u);
  EXPECT_EQ(counts.errors[0].code, ErrorCode::OutOfMemory);
  expectHealthy(*session);
  counts = {};
  setScript([](const FakeCall& call) -> std::optional<Error> {
    if (call.called == FakeCalled::Encode) throw std::runtime_error("a defect");
    return {};
  });
  speak(*session, 2, counts);
  ASSERT_EQ(counts.errors.size(), 1u);
  EXPECT_EQ(counts.errors[0].code, ErrorCode::Internal);
  expectHealthy(*session);
}

TEST_F(FailingSession, WhoCannotBeOpenedSaysWhy) {
  setScript([](const FakeCall&) { return Error{ErrorCode::BadValue, "No such language."}; });
  const auto session = Session::open(engine_, nullptr, {}, [] { return int64_t{0}; });
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().message, "No such language.");
}

TEST_F(FailingSession, AnInterruptionEndsWaiting) {
  const auto session = open(true);
  holdUp(FakeCalled::Decode);
  session->push(std::vector<float>(16000, 0.1f));
  auto waiting = std::async(std::launch::async, [&] { return session->wait().has_value(); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  session->interrupt();
  EXPECT_FALSE(waiting.get());
  Counts counts;
  EXPECT_FALSE(speak(*session, 1, counts));
  EXPECT_EQ(counts.texts, 0u);
  expectHealthy(*session);
}

TEST_F(FailingSession, AnInterruptionEndsThePushThatEncodes) {
  const auto session = open(true);
  holdUp(FakeCalled::Encode);
  auto pushing =
      std::async(std::launch::async, [&] { return session->push(std::vector<float>(16000, 0.1f)); });
  waitForHoldUp();
  session->interrupt();
  EXPECT_FALSE(pushing.get());
  EXPECT_FALSE(session->wait()) << "who interrupts wants no error";
  expectHealthy(*session);
}

TEST_F(FailingSession, ResettingDropsWhatIsBeingRead) {
  const auto session = open(true);
  holdUp(FakeCalled::Decode);
  session->push(std::vector<float>(16000, 0.1f));
  session->drain();
  session->reset();
  EXPECT_FALSE(session->wait());
  expectHealthy(*session);
}

TEST_F(FailingSession, GoesWhileItsWindowsAreBeingRead) {
  for (const FakeCalled called : {FakeCalled::Encode, FakeCalled::Decode}) {
    auto session = open(true);
    isHeldUp_ = false;
    if (called == FakeCalled::Decode) holdUp(called);
    session->push(std::vector<float>(16000, 0.1f));
    session->drain();
    session.reset();
  }
}

// A machine that needs as long as the sound lasts still has the newest sound, less often.
TEST_F(FailingSession, TheStepFollowsTheClock) {
  const auto windows = [&](int64_t costNs) {
    setScript([=, this](const FakeCall& call) -> std::optional<Error> {
      if (call.called == FakeCalled::Decode) now_ += costNs;
      return {};
    });
    const auto session = open(true);
    Counts counts;
    EXPECT_TRUE(speak(*session, 20, counts));
    return counts.texts;
  };
  const size_t fast = windows(0), slow = windows(kSecond), slower = windows(4 * kSecond);
  EXPECT_NEAR(static_cast<double>(fast), 20 / 0.4, 8);
  EXPECT_NEAR(static_cast<double>(slow), 20, 4);
  EXPECT_NEAR(static_cast<double>(slower), 5, 2);
}

// A recording comes as fast as it can be read, and no faster: its windows take memory.
TEST_F(FailingSession, ARecordingWaitsForItsReader) {
  const auto session = open(false);
  holdUp(FakeCalled::Decode);
  const int before = engines_->calls(FakeCalled::Encode);
  auto pushing = std::async(std::launch::async, [&] {
    const bool goesOn = session->push(std::vector<float>(600 * 16000, 0.1f));
    return goesOn && session->drain();
  });
  waitForHoldUp();
  EXPECT_EQ(pushing.wait_for(50ms), std::future_status::timeout);
  EXPECT_LE(engines_->calls(FakeCalled::Encode) - before, 8);
  goOn_ = true;
  EXPECT_TRUE(pushing.get());
  Counts counts;
  take(*session, counts);
  EXPECT_GE(counts.utterances, 600u / 30);
  EXPECT_EQ(counts.words, 2 * counts.utterances);
}

// Whatever is called in whatever order, with times and samples as no source should send them.
TEST_F(FailingSession, AnythingInAnyOrderEndsAndStartsAgain) {
  std::minstd_rand random(7);
  const auto below = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::optional<int64_t>> times{{}, {}, {}, -kSecond, 0, INT64_MAX, INT64_MIN, 3600 * kSecond};
  std::atomic<int> luck{0};
  setScript([&](const FakeCall& call) -> std::optional<Error> {
    if (call.called == FakeCalled::OpenStream || ++luck % 97 != 0) return {};
    return Error{ErrorCode::DeviceFailed, "The device gave up."};
  });
  for (const bool live : {true, false}) {
    const auto session = open(live);
    bool hasFailed = false;
    const auto take = [&](const std::optional<SessionEvent>& event) {
      EXPECT_FALSE(event && hasFailed) << "nothing comes behind an error";
      hasFailed |= event && std::holds_alternative<Error>(*event);
    };
    int64_t at = 0;
    for (int i = 0; i < 1500; ++i) {
      now_ += below(3) * kSecond / 10;
      switch (below(12)) {
        case 0:
          take(session->wait());
          break;
        case 1:
          session->pushGap(at - below(2) * kSecond, below(3) * kSecond - kSecond / 2);
          break;
        case 2:
          if (below(4) == 0) session->drain();
          break;
        case 3:
          now_ += below(15) * kSecond;
          session->tick();
          break;
        case 4:
          if (below(20) == 0 || !session->push({})) {
            session->reset();
            hasFailed = false;
          }
          break;
        case 5:
          if (below(20) == 0) session->interrupt();
          break;
        case 6:
          session->push(std::vector<float>(static_cast<size_t>(below(40000)), below(2) ? nan : 1e9f),
                        times[static_cast<size_t>(below(static_cast<int>(times.size())))], below(2) == 0);
          break;
        default:
          session->push(std::vector<float>(static_cast<size_t>(below(4000)), 0.1f), at, below(30) == 0);
          at += below(5) * kSecond / 10;
          take(session->next());
      }
    }
    while (const auto event = session->wait()) take(event);
  }
  const auto session = open(true);
  expectHealthy(*session);
}

}  // namespace
}  // namespace npuspeech
