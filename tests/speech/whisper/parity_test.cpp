// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoder states and greedy tokens against CTranslate2's float32, on real weights and real speech.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include "speech/audio/log_mel.h"
#include "speech/whisper/cpu/cpu_decoder.h"
#include "speech/whisper/cpu/cpu_encoder.h"
#include "speech/whisper/token_rules.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech {
namespace {

using test::sharedFile;

std::shared_ptr<const CpuWeights> loadBase(Precision precision = Precision::Float32) {
  const auto file = test::modelFile("whisper-base/model.bin");
  if (!file) return nullptr;
  auto loaded = CpuWeights::load(file->substr(0, file->rfind('/')), precision, nullptr, {});
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? *loaded : nullptr;
}

// A reference window: its log-mel, frame-major, and the states that CTranslate2 gave.
struct ReferenceWindow {
  int frames = 0;
  std::vector<float> mel, states;
};

std::optional<ReferenceWindow> readReference(const std::string& name) {
  const auto mel = test::readNpy(sharedFile("reference/whisper-base/" + name + ".mel.npy"));
  auto states = test::readNpy(sharedFile("reference/whisper-base/" + name + ".encoder.npy"));
  if (!mel || !states) return std::nullopt;
  const size_t bins = static_cast<size_t>(mel->dims[0]), frames = static_cast<size_t>(mel->dims[1]);
  ReferenceWindow window{static_cast<int>(frames), std::vector<float>(frames * bins),
                         std::move(states->values)};
  for (size_t b = 0; b < bins; ++b)
    for (size_t f = 0; f < frames; ++f) window.mel[f * bins + b] = mel->values[b * frames + f];
  return window;
}

const std::string kReferences[] = {"librispeech__1688-142285-0000", "librispeech__1688-142285-0002",
                                   "fleurs__fleurs-de-003"};

TEST(EncoderParity, Float32StatesAreWithinAThousandth) {
  const auto weights = loadBase();
  NPUSPEECH_REQUIRE(weights, "the model whisper-base");
  CpuEncoder encoder(weights, std::make_shared<ThreadPool>(2));
  for (const std::string& name : kReferences) {
    const auto window = readReference(name);
    NPUSPEECH_REQUIRE(window, name);
    AlignedVector<float> states(window->states.size());
    ASSERT_TRUE(encoder.encode(window->mel.data(), {window->frames, weights->audioContext, kFullContext},
                               states.data(), {}));
    double difference = 0, norm = 0;
    for (size_t i = 0; i < states.size(); ++i) {
      difference += std::pow(states[i] - window->states[i], 2.0);
      norm += std::pow(window->states[i], 2.0);
    }
    EXPECT_LT(std::sqrt(difference / norm), 1e-3) << name;
  }
}

double correlation(const float* a, const float* b, size_t count) {
  double sumA = 0, sumB = 0, aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < count; ++i) {
    sumA += a[i];
    sumB += b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
    ab += static_cast<double>(a[i]) * b[i];
  }
  const double n = static_cast<double>(count);
  return (ab - sumA * sumB / n) / std::sqrt((aa - sumA * sumA / n) * (bb - sumB * sumB / n));
}

TEST(EncoderParity, Int8StatesFollowFloat32OverTheAudio) {
  const auto weights = loadBase(Precision::Int8);
  NPUSPEECH_REQUIRE(weights, "the model whisper-base");
  CpuEncoder encoder(weights, std::make_shared<ThreadPool>(2));
  for (const std::string& name : kReferences) {
    const auto window = readReference(name);
    NPUSPEECH_REQUIRE(window, name);
    const WindowShape shape{window->frames, weights->audioContext, kFullContext};
    AlignedVector<float> states(window->states.size());
    ASSERT_TRUE(encoder.encode(window->mel.data(), shape, states.data(), {}));
    const double similar =
        correlation(states.data(), window->states.data(),
                    static_cast<size_t>(shape.audioRows()) * static_cast<size_t>(weights->width));
    std::printf("%s: correlation %.5f over the audio's rows\n", name.c_str(), similar);
    EXPECT_GT(similar, 0.999) << name;
  }
}

struct GreedyRow {
  std::string file;
  std::vector<Token> prompt, tokens;
};

std::vector<Token> parseTokens(const std::string& field) {
  std::istringstream in(field);
  std::vector<Token> tokens;
  for (Token token; in >> token;) tokens.push_back(token);
  return tokens;
}

std::vector<GreedyRow> greedyRows() {
  std::ifstream in(sharedFile("reference/whisper-base/greedy.tsv"));
  std::vector<GreedyRow> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string file, language, prompt, tokens;
    std::getline(fields, file, '\t');
    std::getline(fields, language, '\t');
    std::getline(fields, prompt, '\t');
    std::getline(fields, tokens, '\t');
    rows.push_back({file, parseTokens(prompt), parseTokens(tokens)});
  }
  return rows;
}

// Greedy decoding as the reference did it; also how much likelier the chosen token was than the second one at
// each step.
struct Greedy {
  std::vector<Token> tokens;
  std::vector<float> margins;
};

Greedy decodeGreedily(Decoder& decoder, const TokenRules& rules, const Vocabulary& vocabulary,
                      std::shared_ptr<const CrossAttentionCache> cross, const std::vector<Token>& prompt) {
  const std::unique_ptr<Sequence> sequence = decoder.start(std::move(cross));
  Greedy greedy;
  std::vector<Decoder::Input> inputs;
  for (Token token : prompt) inputs.push_back({sequence.get(), token, false});
  inputs.back().wantLogits = true;
  while (greedy.tokens.size() < 224) {
    decoder.step(inputs);
    const std::span<float> logits = decoder.logits(0);
    rules.apply(logits, greedy.tokens);
    const auto best = std::max_element(logits.begin(), logits.end());
    const float top = *best;
    const Token token = static_cast<Token>(best - logits.begin());
    *best = -INFINITY;
    greedy.margins.push_back(top - *std::max_element(logits.begin(), logits.end()));
    if (token == vocabulary.endOfText()) break;
    greedy.tokens.push_back(token);
    inputs = {{sequence.get(), token, true}};
  }
  return greedy;
}

TEST(DecoderParity, GreedyTokensEqualTheReferences) {
  const auto weights = loadBase();
  NPUSPEECH_REQUIRE(weights, "the model whisper-base");
  const std::vector<GreedyRow> rows = greedyRows();
  NPUSPEECH_REQUIRE(!rows.empty(), "reference/whisper-base/greedy.tsv");
  const Vocabulary& vocabulary = *weights->vocabulary;
  const TokenRules rules(vocabulary, false);
  const auto pool = std::make_shared<ThreadPool>(2);
  CpuEncoder encoder(weights, pool);
  CpuDecoder decoder(weights, pool);
  LogMel logMel(weights->melBins, 2 * weights->audioContext + 8);

  constexpr float kTie = 3e-3f;
  int equal = 0, ties = 0;
  for (const GreedyRow& row : rows) {
    const auto samples = test::readRecording(row.file);
    NPUSPEECH_REQUIRE(samples, row.file);
    logMel.reset();
    logMel.push(*samples);
    logMel.finish();
    const int frames = static_cast<int>(std::min<int64_t>(logMel.frames(), 2 * weights->audioContext));
    AlignedVector<float> mel(static_cast<size_t>(frames * weights->melBins));
    logMel.normalised(0, frames, mel.data());
    const WindowShape shape{frames, weights->audioContext, kFullContext};
    AlignedVector<float> states(static_cast<size_t>(shape.rows() * weights->width));
    ASSERT_TRUE(encoder.encode(mel.data(), shape, states.data(), {}));
    const Greedy greedy =
        decodeGreedily(decoder, rules, vocabulary, decoder.prepare(states.data(), shape), row.prompt);
    if (greedy.tokens == row.tokens) {
      ++equal;
      continue;
    }
    const size_t at = static_cast<size_t>(
        std::mismatch(greedy.tokens.begin(), greedy.tokens.end(), row.tokens.begin(), row.tokens.end())
            .first -
        greedy.tokens.begin());
    const bool tie = at < greedy.margins.size() && greedy.margins[at] < kTie;
    ties += tie;
    std::printf("%s differs at token %zu, where the two likeliest are %.5f apart%s\n", row.file.c_str(), at,
                static_cast<double>(at < greedy.margins.size() ? greedy.margins[at] : -1.0f),
                tie ? ": a tie" : "");
  }
  std::printf("%d of %zu clips equal, %d more differ at a tie\n", equal, rows.size(), ties);
  EXPECT_GE(equal, static_cast<int>(std::ceil(0.97 * static_cast<double>(rows.size()))));
  EXPECT_EQ(equal + ties, static_cast<int>(rows.size()));
}

}  // namespace
}  // namespace npuspeech
