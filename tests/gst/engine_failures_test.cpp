// SPDX-License-Identifier: LGPL-2.1-or-later
// Engines that fail, are slow, or answer in any order, at every call: one clear error, no wait for ever, and
// the same elements work afterwards.
#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "tests/gst/support.h"
#include "tests/support/fake_engine.h"

namespace npuspeech::test {
namespace {

using namespace std::chrono_literals;

constexpr char kSource[] =
    "audiotestsrc name=a wave=white-noise num-buffers=40 samplesperbuffer=16000 ! audio/x-raw,rate=16000 ! ";
constexpr char kBin[] = "nputranscriber name=t vad-model=\"\" language=de model=fake ! fakesink sync=false";
constexpr char kParts[] =
    "npumel vad-model=\"\" ! npuwhisperenc model=fake ! npuwhisperdec language=de model=fake ! "
    "fakesink sync=false";

/// While this lives, the model "fake" is answered by the script.
struct Fake {
  explicit Fake(FakeEngines::Script script)
      : engines(std::make_shared<FakeEngines>(std::move(script), kSays)), registration("fake", engines) {}
  const std::shared_ptr<FakeEngines> engines;
  const EngineSource::Registration registration;
};

std::string nameOf(FakeCalled called) {
  constexpr const char* names[] = {"check", "open", "openStream", "allocate", "encode", "decode"};
  return names[static_cast<size_t>(called)];
}

/// Blocks until nobody waits for the call any more; at most a minute.
void waitFor(const std::stop_token& stop) {
  for (int i = 0; i < 6000 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(10ms);
}

constexpr ErrorCode kCodes[] = {ErrorCode::NotFound,    ErrorCode::BadFile,  ErrorCode::BadValue,
                                ErrorCode::Unsupported, ErrorCode::NoDevice, ErrorCode::DeviceFailed,
                                ErrorCode::OutOfMemory, ErrorCode::Internal};

class EngineFailures : public ::testing::TestWithParam<const char*> {
 protected:
  /// Plays with an engine whose call fails as `failure` says, and again with one that works.
  void failsAndStartsAgain(FakeCalled called, int number, const std::string& text,
                           const std::function<std::optional<Error>()>& failure) {
    std::atomic<bool> isArmed{true}, hasFailed{false};
    const Fake fake([&](const FakeCall& call) -> std::optional<Error> {
      if (!isArmed || call.called != called || call.number < number) return {};
      if (call.number > number && called != FakeCalled::Allocate) return {};  // one block is made up for
      hasFailed = true;
      return failure();
    });
    const auto pipeline = newElement(std::string(kSource) + GetParam());
    const Played failed = play(pipeline.get());
    if (!hasFailed) {
      EXPECT_TRUE(failed.eos && failed.errors.empty());
      return;
    }
    for (size_t i = 1; i < failed.ownErrors.size(); ++i) ADD_FAILURE() << failed.ownErrors[i];
    ASSERT_FALSE(failed.ownErrors.empty());
    EXPECT_NE(failed.ownErrors[0].find(text), std::string::npos) << failed.ownErrors[0];
    isArmed = false;
    const Played again = play(pipeline.get());
    EXPECT_TRUE(again.eos);
    for (const auto& error : again.errors) ADD_FAILURE() << error;
  }
};

TEST_P(EngineFailures, GiveOneErrorAndPass) {
  for (const FakeCalled called : kFakeCalls)
    for (const int number : {0, 1})
      for (const ErrorCode code : kCodes) {
        SCOPED_TRACE(nameOf(called) + " " + std::to_string(number) + ", error " +
                     std::to_string(static_cast<int>(code)));
        const std::string text = called == FakeCalled::Allocate ? "emory" : "It gave up.";
        failsAndStartsAgain(called, number, text, [&] { return Error{code, "It gave up."}; });
      }
}

TEST_P(EngineFailures, AreCaughtWhereTheyAreThrown) {
  for (const FakeCalled called : {FakeCalled::Check, FakeCalled::Open, FakeCalled::OpenStream,
                                  FakeCalled::Allocate, FakeCalled::Encode}) {
    SCOPED_TRACE(nameOf(called));
    failsAndStartsAgain(called, 0, "", []() -> std::optional<Error> { throw std::bad_alloc(); });
    failsAndStartsAgain(called, 0, "",
                        []() -> std::optional<Error> { throw std::runtime_error("It broke."); });
  }
}

TEST_P(EngineFailures, DoNotHoldUpAStop) {
  for (const FakeCalled called : {FakeCalled::Open, FakeCalled::Encode, FakeCalled::Decode}) {
    SCOPED_TRACE(nameOf(called));
    std::latch isThere(1);
    std::atomic<bool> isStuck{true};
    const Fake fake([&](const FakeCall& call) -> std::optional<Error> {
      if (!isStuck || call.called != called) return {};
      if (call.number == 0) isThere.count_down();
      waitFor(call.stop);
      return {};
    });
    const auto pipeline = newElement(std::string(kSource) + GetParam());
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    isThere.wait();
    const auto before = std::chrono::steady_clock::now();
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
    isStuck = false;
    EXPECT_TRUE(play(pipeline.get()).eos);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EngineFailures, ::testing::Values(kBin, kParts),
                         [](const auto& of) { return of.param == kBin ? "TheBin" : "TheParts"; });

/// A bin with two texts, whose final windows are answered in the order of `first`, then the other one.
void answersInOrder(Task first) {
  std::atomic<int> answered{0};
  const Fake fake([&](const FakeCall& call) -> std::optional<Error> {
    if (call.called != FakeCalled::Decode) return {};
    if (call.task == first)
      ++answered;
    else
      while (answered <= call.window->startNs / GST_SECOND / 30 && !call.stop.stop_requested())
        std::this_thread::sleep_for(1ms);
    return {};
  });
  Harness h("nputranscriber vad-model=\"\" language=de model=fake");
  GstHarness* other = gst_harness_new_with_element(h.element(), nullptr, "translate_src_0");
  h.setCaps(kAudioCaps);
  EXPECT_EQ(h.pushAudio(noise(16000 * 100)), GST_FLOW_OK);
  const Output out = h.eos();
  EXPECT_TRUE(out.joined().starts_with(std::string(kSaid) + " " + kSaid)) << out.joined();
  for (bool isAtEnd = false; !isAtEnd;) {
    GstEvent* event = gst_harness_pull_event(other);
    ASSERT_NE(event, nullptr) << "no EOS came out of translate_src_0";
    isAtEnd = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
  }
  std::string translated;
  GstClockTime last = 0;
  while (GstBuffer* buffer = gst_harness_try_pull(other)) {
    EXPECT_GE(GST_BUFFER_PTS(buffer), last);
    last = GST_BUFFER_PTS(buffer);
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
    if (!translated.empty()) translated += ' ';
    translated.append(reinterpret_cast<char*>(map.data), map.size);
    gst_buffer_unmap(buffer, &map);
    gst_buffer_unref(buffer);
  }
  EXPECT_EQ(translated, out.joined());
  gst_harness_teardown(other);
  EXPECT_TRUE(h.errors().empty());
}

TEST(EngineAnswers, ComeOutWhicheverStreamIsFirst) {
  answersInOrder(Task::Transcribe);
  answersInOrder(Task::Translate);
}

TEST(EngineAnswers, LateOnesLoseNoWord) {
  const Fake fake([](const FakeCall& call) -> std::optional<Error> {
    if (call.called == FakeCalled::Encode || call.called == FakeCalled::Decode)
      std::this_thread::sleep_for(300ms);
    return {};
  });
  Harness h("nputranscriber vad-model=\"\" step=100 language=de model=fake");
  gst_harness_set_live(h.get(), true);
  h.setCaps(kAudioCaps);
  EXPECT_EQ(h.pushAudio(noise(16000 * 10), 0, 320), GST_FLOW_OK);
  EXPECT_EQ(h.eos().joined(), kSaid);
  EXPECT_TRUE(h.errors().empty());
}

TEST(EngineAnswers, AreNotWaitedForByAFlush) {
  std::atomic<int> stuck{0};
  const Fake fake([&](const FakeCall& call) -> std::optional<Error> {
    if (call.called != FakeCalled::Decode || call.number != 0) return {};
    ++stuck;
    waitFor(call.stop);
    return {};
  });
  Harness h("nputranscriber vad-model=\"\" language=de model=fake");
  h.setCaps(kAudioCaps);
  EXPECT_EQ(h.pushAudio(noise(16000 * 31)), GST_FLOW_OK);
  for (int i = 0; i < 6000 && !stuck; ++i) std::this_thread::sleep_for(10ms);
  const auto before = std::chrono::steady_clock::now();
  h.flush();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  h.take();
  h.segment(0);
  EXPECT_EQ(h.pushAudio(noise(16000)), GST_FLOW_OK);
  EXPECT_EQ(h.eos().joined(), kSaid);
  EXPECT_TRUE(h.errors().empty());
}

}  // namespace
}  // namespace npuspeech::test
