// SPDX-License-Identifier: LGPL-2.1-or-later
// Engines that are opened, shared, kept and let go, and models and windows that are not as they should be.
#include "speech/whisper/engine.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <random>
#include <thread>

#include "speech/whisper/engine_table.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tensor_writer.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kSays = {"hello", "world", "this", "is", "good", "water"};

EngineOptions optionsOf(const test::TempFolder& folder, Precision precision = Precision::Float32) {
  return {folder.path(), "cpu", precision, 1};
}

Result<std::shared_ptr<Engine>> openEngine(const EngineOptions& options) {
  return Engine::open(options, {}, {});
}

/// Encoded noise of so many frames.
EncodedWindow windowOf(Engine& engine, int frames, size_t bytesLess = 0) {
  EncodedWindow window;
  window.shape = {frames, engine.info().audioContext, {}};
  const size_t bytes = static_cast<size_t>(window.shape.rows()) *
                       static_cast<size_t>(engine.info().stateWidth) * sizeof(float);
  const auto states = *engine.device()->allocate(bytes - bytesLess);
  std::mt19937 random(static_cast<unsigned>(frames));
  for (size_t i = 0; i < states->size() / sizeof(float); ++i)
    states->as<float>()[i] = static_cast<float>(random() % 1000) * 1e-3f;
  window.states = states;
  return window;
}

/// A stream, and the answers to what was submitted, in order.
class Client {
 public:
  explicit Client(std::unique_ptr<DecodeStream> stream) : stream_(std::move(stream)) {}
  void submit(EncodedWindow window) {
    auto promise = std::make_shared<std::promise<Result<DecodedWindow>>>();
    answers_.push_back(promise->get_future());
    stream_->submit(std::move(window),
                    [promise](Result<DecodedWindow> decoded) { promise->set_value(std::move(decoded)); });
  }
  Result<DecodedWindow> next() {
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    if (answer.wait_for(60s) != std::future_status::ready) return Error{ErrorCode::Internal, "no answer"};
    return answer.get();
  }

 private:
  std::deque<std::future<Result<DecodedWindow>>> answers_;
  std::unique_ptr<DecodeStream> stream_;
};

std::string textOf(const Result<DecodedWindow>& decoded) {
  if (!decoded) return "error: " + decoded.error().message;
  std::string text;
  for (const Word& word : decoded->words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

// The table

TEST(EngineTable, WhatLoadingThrowsLeavesNothingBehind) {
  EngineTable table;
  const EngineTable::Key key{"a", "cpu", Precision::Int8, 1};
  for (int round = 0; round < 2; ++round)
    EXPECT_THROW((void)table.open(
                     key, []() -> Result<std::shared_ptr<Engine>> { throw std::runtime_error("no"); }, {}),
                 std::runtime_error);
  const auto refused = table.open(key, [] { return Error{ErrorCode::NotFound, "none"}; }, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "none");
}

TEST(EngineTable, WaitingForAnothersLoadHearsItsStop) {
  EngineTable table;
  const EngineTable::Key key{"a", "cpu", Precision::Int8, 1};
  std::promise<void> started, goOn;
  auto first = std::async(std::launch::async, [&] {
    return table.open(key,
                      [&]() -> Result<std::shared_ptr<Engine>> {
                        started.set_value();
                        goOn.get_future().wait();
                        return Error{ErrorCode::NotFound, "none"};
                      },
                      {});
  });
  started.get_future().wait();
  std::stop_source stop;
  bool hasLoaded = false;
  auto second = std::async(std::launch::async, [&] {
    return table.open(
        key,
        [&]() -> Result<std::shared_ptr<Engine>> {
          hasLoaded = true;
          return Error{ErrorCode::NotFound, "none"};
        },
        stop.get_token());
  });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  stop.request_stop();
  const bool ended = second.wait_for(10s) == std::future_status::ready;
  goOn.set_value();
  ASSERT_TRUE(ended);
  EXPECT_EQ(second.get().error().code, ErrorCode::Cancelled);
  EXPECT_FALSE(hasLoaded);
  EXPECT_EQ(first.get().error().code, ErrorCode::NotFound);
}

TEST(Engine, ACircleOfLinksInItsFolderIsAnErrorEachTime) {
  for (const char* name : {"vocabulary.json", "config.json", "model.bin"}) {
    const test::TempFolder folder;
    test::writeTinyModel(folder.path());
    std::filesystem::remove(folder.path() + "/" + name);
    std::filesystem::create_symlink(name, folder.path() + "/" + name);
    for (int round = 0; round < 2; ++round) {
      const auto opened = openEngine(optionsOf(folder));
      ASSERT_FALSE(opened);
      EXPECT_NE(opened.error().message.find(name), std::string::npos) << opened.error().message;
    }
  }
}

TEST(Engine, AStreamKeepsItAndNothingElseDoes) {
  const test::TempFolder folder;
  test::writeTinyModel(folder.path(), {.says = kSays});
  auto engine = *openEngine(optionsOf(folder));
  const std::weak_ptr<Engine> watched = engine;
  EncodedWindow window = windowOf(*engine, 300);
  std::optional<Client> client(*engine->openStream({}));
  engine.reset();
  client->submit(std::move(window));
  EXPECT_EQ(textOf(client->next()), "hello world this is good water");
  EXPECT_FALSE(watched.expired());
  client.reset();
  EXPECT_TRUE(watched.expired());
}

// Windows

TEST(Engine, AWindowThatDoesNotFitFailsAlone) {
  const test::TempFolder folder;
  test::writeTinyModel(folder.path(), {.says = kSays});
  auto engine = *openEngine(optionsOf(folder));
  Client good(*engine->openStream({})), bad(*engine->openStream({}));
  for (int round = 0; round < 4; ++round) {
    good.submit(windowOf(*engine, 300));
    bad.submit(windowOf(*engine, 3000, 1 << 16));
    EncodedWindow longer = windowOf(*engine, 100);
    longer.shape.frames = 3001;
    bad.submit(std::move(longer));
    bad.submit(windowOf(*engine, 200));
  }
  for (int round = 0; round < 4; ++round) {
    EXPECT_EQ(textOf(good.next()), "hello world this is good water");
    for (int i = 0; i < 2; ++i) {
      const auto refused = bad.next();
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::BadValue);
    }
    EXPECT_EQ(textOf(bad.next()), "hello world this is good water");
  }
}

TEST(Engine, WhatIsNoNumberIsAnErrorThatNamesTheModelsFiles) {
  for (const bool multilingual : {true, false}) {
    const test::TempFolder folder;
    test::writeTinyModel(folder.path(),
                         {.multilingual = multilingual, .weights = TensorType::Float32, .gain = 1e38f});
    for (const Precision precision : {Precision::Float32, Precision::Int8}) {
      auto engine = *openEngine(optionsOf(folder, precision));
      for (const int beams : {1, 5})
        for (const bool live : {false, true}) {
          StreamOptions options;
          options.beamSize = beams;
          options.live = live;
          Client client(*engine->openStream(options));
          client.submit(windowOf(*engine, 300));
          const auto decoded = client.next();
          ASSERT_FALSE(decoded) << textOf(decoded);
          EXPECT_EQ(decoded.error().code, ErrorCode::BadFile) << decoded.error().message;
        }
    }
  }
}

TEST(Engine, WeightsThatAreNoNumbersAreRefusedByTheirName) {
  const test::TempFolder folder;
  test::writeTinyModel(folder.path(), {.weights = TensorType::Float32, .gain = INFINITY});
  for (const Precision precision : {Precision::Float32, Precision::Int8}) {
    const auto opened = openEngine(optionsOf(folder, precision));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::BadFile);
    EXPECT_NE(opened.error().message.find("decoder/layer_norm/gamma"), std::string::npos)
        << opened.error().message;
  }
}

TEST(Engine, WhereEveryTokenIsForbiddenNothingIsSaid) {
  const test::TempFolder folder;
  test::writeTinyModel(folder.path(), {.says = kSays});
  std::string all;
  for (size_t i = 0; i < test::tinyVocabulary(true).size(); ++i)
    all.append(all.empty() ? "" : ",").append(std::to_string(i));
  test::writeFile(folder.path() + "/config.json", "{\"suppress_ids\":[" + all + "]}");
  auto engine = *openEngine(optionsOf(folder));
  for (const int beams : {1, 2, 5}) {
    StreamOptions options;
    options.beamSize = beams;
    options.language = "en";
    Client client(*engine->openStream(options));
    client.submit(windowOf(*engine, 300));
    EXPECT_EQ(textOf(client.next()), "") << beams;
  }
}

// Words past what a context of that size holds are cut; what is said before, or forced, leaves room for some.
TEST(Engine, EverySizeOfTextContextHasRoomForPromptForcedAndText) {
  std::string prompt;
  for (const std::string& word : test::tinyWords()) prompt.append(word).append(" ").append(word).append(" ");
  std::vector<std::string> talk;
  for (int i = 0; i < 3; ++i) talk.insert(talk.end(), test::tinyWords().begin(), test::tinyWords().end());
  for (const int textContext : {8, 9, 11, 16, 37, 64, 448}) {
    const test::TempFolder folder;
    test::writeTinyModel(folder.path(), {.says = talk, .textContext = textContext});
    auto engine = *openEngine(optionsOf(folder));
    for (const int beams : {1, 3})
      for (const bool live : {false, true}) {
        StreamOptions options;
        options.beamSize = beams;
        options.live = live;
        options.prompt = prompt;
        Client client(*engine->openStream(options));
        // Final windows commit their words, and the next one still holds their audio: they are forced there.
        for (uint64_t utterance = 0; utterance < 3; ++utterance) {
          EncodedWindow window = windowOf(*engine, 300);
          window.utterance = utterance;
          client.submit(std::move(window));
          const auto decoded = client.next();
          EXPECT_TRUE(decoded) << textContext << ": " << textOf(decoded);
        }
      }
  }
}

}  // namespace
}  // namespace npuspeech
