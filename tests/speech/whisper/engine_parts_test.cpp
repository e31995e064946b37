// SPDX-License-Identifier: LGPL-2.1-or-later
// An engine of an encoder and a decoder that compute nothing: what it makes of their failures, and how long
// it keeps them.
#include "speech/whisper/engine_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include "speech/model/ctranslate2_vocabulary.h"
#include "speech/whisper/search.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace npuspeech {
namespace {

using namespace std::chrono_literals;

constexpr int kWidth = 8, kContext = 1500, kTextContext = 448;

/// What the parts do before their work, and whether they are alive and at rest.
struct Script {
  std::function<void()> prepare;
  std::function<void(std::span<const Decoder::Input>)> step;
  std::function<Result<void>()> encode;
  std::atomic<int> parts{0};
  std::atomic<bool> isResting{false};
  std::atomic<bool> isUnsure{false};                // every token is as likely as any other
  std::atomic<int> sequences{0}, mostSequences{0};  // alive now, and at the worst moment
  size_t budget = SIZE_MAX;                         // of memory, in rows of windows and tokens of texts
  size_t most = 0;                                  // taken in any step of more than one text
};

class QuietEncoder : public Encoder {
 public:
  explicit QuietEncoder(std::shared_ptr<Script> script) : script_(std::move(script)) { ++script_->parts; }
  ~QuietEncoder() override { --script_->parts; }
  Result<void> encode(const npu::BufferObject&, const WindowShape&, npu::BufferObject&,
                      const std::stop_token&) override {
    if (script_->encode) return script_->encode();
    return {};
  }

 private:
  const std::shared_ptr<Script> script_;
};

/// Says " hello world", whatever it hears.
class TalkingDecoder : public Decoder {
 public:
  TalkingDecoder(std::shared_ptr<Script> script, std::shared_ptr<const Vocabulary> vocabulary)
      : script_(std::move(script)), vocabulary_(std::move(vocabulary)) {
    says_ = *vocabulary_->encode(" hello world");
    ++script_->parts;
  }
  ~TalkingDecoder() override { --script_->parts; }

  int textContext() const override { return kTextContext; }
  size_t alignmentHeads() const override { return 1; }
  CacheSizes cacheSizes() const override { return {script_->budget, 1, 1, 0}; }
  std::shared_ptr<const CrossAttentionCache> prepare(const npu::BufferObject&,
                                                     const WindowShape& shape) override {
    if (script_->prepare) script_->prepare();
    auto cross = std::make_shared<CrossAttentionCache>();
    cross->rows = shape.rows();
    cross->audioRows = shape.audioRows();
    return cross;
  }
  std::unique_ptr<Sequence> start(std::shared_ptr<const CrossAttentionCache> cross) override {
    return std::make_unique<Said>(std::move(cross), script_);
  }
  std::unique_ptr<Sequence> fork(const Sequence& sequence) override {
    return std::make_unique<Said>(static_cast<const Said&>(sequence));
  }
  void step(std::span<const Input> inputs) override {
    script_->isResting = false;
    if (script_->step) script_->step(inputs);
    measure(inputs);
    logits_.clear();
    for (const Input& input : inputs) {
      const size_t texts = static_cast<Said&>(*input.sequence).append(input.token, *vocabulary_);
      if (!input.wantLogits) continue;
      auto& logits = logits_.emplace_back(vocabulary_->size(), -10.0f);
      const Token next = texts < says_.size() ? says_[texts] : vocabulary_->endOfText();
      if (!script_->isUnsure) logits[static_cast<size_t>(next)] = 10;
    }
  }
  std::span<float> logits(size_t i) override { return logits_[i]; }
  void rest() override { script_->isResting = true; }

 private:
  class Said : public Sequence {
   public:
    Said(std::shared_ptr<const CrossAttentionCache> cross, std::shared_ptr<Script> script)
        : Sequence(std::move(cross)),
          script_(std::move(script)),
          looks_(static_cast<size_t>(this->cross().audioRows), 1.0f) {
      script_->mostSequences = std::max(script_->mostSequences.load(), ++script_->sequences);
    }
    ~Said() override { --script_->sequences; }
    Said(const Said& from) : Said(from.cross_, from.script_) {
      length_ = from.length_;
      texts_ = from.texts_;
    }
    std::span<const Probability16> alignment(int) const override { return looks_; }
    size_t append(Token token, const Vocabulary& vocabulary) {
      ++length_;
      return texts_ += vocabulary.isText(token);
    }

   private:
    const std::shared_ptr<Script> script_;
    std::vector<Probability16> looks_;
    size_t texts_ = 0;
  };

  void measure(std::span<const Input> inputs) {
    std::set<const void*> counted;
    size_t taken = inputs.size(), texts = 0;
    for (const Input& input : inputs) {
      const CrossAttentionCache& cross = input.sequence->cross();
      if (counted.insert(&cross).second) taken += static_cast<size_t>(cross.rows);
      if (!counted.insert(input.sequence).second) continue;
      taken += static_cast<size_t>(input.sequence->length());
      ++texts;
    }
    if (texts > 1) script_->most = std::max(script_->most, taken);
  }

  const std::shared_ptr<Script> script_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<Token> says_;
  std::vector<std::vector<float>> logits_;
};

class EngineOfParts : public ::testing::Test {
 protected:
  void SetUp() override { make(); }
  void make() {
    test::writeTinyVocabulary(folder_.path(), true);
    auto loaded =
        loadCTranslate2Vocabulary(folder_.path(), static_cast<int>(test::tinyVocabulary(true).size()));
    ASSERT_TRUE(loaded) << loaded.error().message;
    EngineParts parts;
    parts.vocabulary = std::make_shared<const Vocabulary>(std::move(*loaded));
    parts.info = {"quiet", 80, kContext, kWidth, true, parts.vocabulary->languages()};
    parts.device = *npu::openDevice("cpu");
    parts.encoder = std::make_unique<QuietEncoder>(script_);
    parts.decoder = std::make_unique<TalkingDecoder>(script_, parts.vocabulary);
    engine_ = makeEngine(std::move(parts));
  }

  std::unique_ptr<DecodeStream> open() {
    StreamOptions options;
    options.language = "en";
    auto stream = engine_->openStream(options);
    EXPECT_TRUE(stream);
    return stream ? std::move(*stream) : nullptr;
  }
  EncodedWindow window(int frames) {
    EncodedWindow window;
    window.shape = {frames, kContext, {}};
    window.states = *engine_->device()->allocate(engine_->info().stateBytes(window.shape));
    return window;
  }
  std::future<Result<DecodedWindow>> read(DecodeStream& stream, int frames = 100) {
    auto answer = std::make_shared<std::promise<Result<DecodedWindow>>>();
    stream.submit(window(frames),
                  [answer](Result<DecodedWindow> read) { answer->set_value(std::move(read)); });
    return answer->get_future();
  }
  static std::string textOf(const Result<DecodedWindow>& read) {
    if (!read) return std::to_string(static_cast<int>(read.error().code)) + ": " + read.error().message;
    std::string text;
    for (const Word& word : read->words) text.append(text.empty() ? "" : " ").append(word.text);
    return text;
  }
  static std::string failure(ErrorCode code, const std::string& message) {
    return textOf(Error{code, message});
  }

  const std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::shared_ptr<Engine> engine_;

 private:
  test::TempFolder folder_;
};

TEST_F(EngineOfParts, SaysWhatTheDecoderSays) {
  const auto stream = open();
  EXPECT_EQ(textOf(read(*stream).get()), "hello world");
}

TEST_F(EngineOfParts, TellsAFailingDeviceFromOurOwnFaults) {
  const auto stream = open();
  script_->prepare = [] { throw DeviceFailure("The device stopped."); };
  EXPECT_EQ(textOf(read(*stream).get()), failure(ErrorCode::DeviceFailed, "The device stopped."));
  script_->prepare = nullptr;
  script_->step = [](auto) { throw DeviceFailure("The device hung."); };
  EXPECT_EQ(textOf(read(*stream).get()), failure(ErrorCode::DeviceFailed, "The device hung."));
  script_->step = [](auto) { throw std::bad_alloc(); };
  EXPECT_EQ(textOf(read(*stream).get()),
            failure(ErrorCode::OutOfMemory, "There is no memory to decode a window."));
  script_->step = [](auto) { throw std::logic_error("it is odd"); };
  EXPECT_EQ(textOf(read(*stream).get()), failure(ErrorCode::Internal, "Decoding a window failed: it is odd"));
  script_->step = nullptr;
  EXPECT_EQ(textOf(read(*stream).get()), "hello world");
}

TEST_F(EngineOfParts, FailsTheWindowAloneThatCannotBeDecoded) {
  const auto one = open(), two = open();
  const int badRows = WindowShape{200, kContext, {}}.rows();
  script_->step = [&](std::span<const Decoder::Input> inputs) {
    for (const Decoder::Input& input : inputs)
      if (input.sequence->cross().rows == badRows) throw DeviceFailure("It is too large.");
  };
  auto bad = read(*one, 200), good = read(*two, 100), next = read(*one, 100);
  EXPECT_EQ(textOf(bad.get()), failure(ErrorCode::DeviceFailed, "It is too large."));
  EXPECT_EQ(textOf(good.get()), "hello world");
  EXPECT_EQ(textOf(next.get()), "hello world");
}

TEST_F(EngineOfParts, GivesAFailureOfTheEncoderAsItIs) {
  script_->encode = [] { return Error{ErrorCode::DeviceFailed, "The encoder stopped."}; };
  const EncodedWindow states = window(100);
  const auto logMel = *engine_->device()->allocate(engine_->info().logMelBytes(states.shape));
  const auto out = *engine_->device()->allocate(engine_->info().stateBytes(states.shape));
  const auto encoded = engine_->encode(*logMel, states.shape, *out, {});
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().message, "The encoder stopped.");
  script_->encode = []() -> Result<void> { throw std::bad_alloc(); };
  EXPECT_EQ(engine_->encode(*logMel, states.shape, *out, {}).error().code, ErrorCode::OutOfMemory);
}

// A sequence has tens of megabytes of caches with the larger models.
TEST_F(EngineOfParts, KeepsNoSequenceOfATryThatIsOver) {
  const auto stream = open();
  script_->isUnsure = true;
  EXPECT_TRUE(read(*stream).get());
  EXPECT_EQ(script_->mostSequences, SearchOptions{}.samples);
  EXPECT_EQ(script_->sequences, 0);
}

// Windows of which some outgrow the budget: they start over, and say the same.
TEST_F(EngineOfParts, KeepsToTheBudgetOfMemory) {
  std::vector<std::string> texts[2];
  size_t most[2];
  for (int limited : {0, 1}) {
    engine_.reset();
    script_->budget = limited ? 600 : SIZE_MAX;  // a window has 105 rows and five texts of 228 tokens
    make();
    script_->most = 0;
    script_->isUnsure = true;
    const auto one = open(), two = open();
    std::vector<std::future<Result<DecodedWindow>>> answers;
    for (const auto* stream : {&one, &two}) answers.push_back(read(**stream, 200));
    for (auto& answer : answers) texts[limited].push_back(textOf(answer.get()));
    most[limited] = script_->most;
    EXPECT_EQ(script_->sequences, 0);
  }
  EXPECT_EQ(texts[1], texts[0]);
  EXPECT_GT(most[0], 600u);
  EXPECT_LE(most[1], 600u);
}

TEST_F(EngineOfParts, LetsTheDecoderRestWhileItWaits) {
  const auto stream = open();
  EXPECT_EQ(textOf(read(*stream).get()), "hello world");
  for (int i = 0; i < 1000 && !script_->isResting; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(script_->isResting);
}

TEST_F(EngineOfParts, KeepsThePartsAsLongAsAStream) {
  auto stream = open();
  auto answer = read(*stream);
  engine_.reset();
  EXPECT_EQ(script_->parts, 2);
  EXPECT_EQ(textOf(answer.get()), "hello world");
  stream.reset();
  EXPECT_EQ(script_->parts, 0);
}

}  // namespace
}  // namespace npuspeech
