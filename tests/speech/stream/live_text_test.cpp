// SPDX-License-Identifier: LGPL-2.1-or-later
// When live text is committed, on scripted windows: words, what they look at, and how sure they are.
#include "speech/stream/live_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace npuspeech {
namespace {

constexpr int64_t kRow = 20'000'000, kSecond = 1'000'000'000;

struct Said {
  std::string text;
  int row = 0;  // of the stream's, where it ends
  float probability = 0.5f;
};

/// A live window over rows [first, last) of the stream; words of two tokens each.
struct Script {
  explicit Script(const LiveOptions& options = {}) : text(options) {}

  LiveText::Update window(int first, int last, const std::vector<Said>& words, bool isFinal = false,
                          bool isCertain = true, bool isStalled = false) {
    const LiveWindow at{first * kRow, (last - first) * kRow, utterance, isFinal, isStalled};
    start = text.begin(at);
    LiveReading reading;
    reading.audioRows = last - first;
    reading.isCertain = isCertain;
    for (const Said& said : words) {
      const int row = said.row - first;
      LiveWord& word = reading.words.emplace_back();
      word.word.text = said.text;
      word.word.probability = said.probability;
      word.word.startNs = std::max(row - 10, 0) * kRow;
      word.word.endNs = row * kRow;
      word.tokens = tokensOf(said.text);
      word.firstRow = std::max(row - 10, 0);
      word.lastRow = row;
    }
    reading.forcedWords = start.forced.size() / 2;
    LiveText::Update update = text.take(at, std::move(reading));
    for (const Word& word : update.committed) committed.push_back(word.text);
    if (isFinal) ++utterance;
    return update;
  }

  static std::vector<Token> tokensOf(const std::string& word) {
    const Token token = static_cast<Token>(std::hash<std::string>{}(word) % 40000);
    return {token, token + 1};
  }

  LiveText text;
  LiveText::Start start;
  uint64_t utterance = 0;
  std::vector<std::string> committed;
};

using Words = std::vector<std::string>;

std::string numbered(const char* word, int number) {
  std::string text = word;
  return text.append(std::to_string(number));
}

std::vector<Token> tokensOf(const Words& words) {
  std::vector<Token> tokens;
  for (const auto& word : words)
    for (Token token : Script::tokensOf(word)) tokens.push_back(token);
  return tokens;
}

LiveOptions options() {
  LiveOptions o;
  o.marginRows = 50;
  o.sureMarginRows = 16;
  o.sureProbability = 0.8f;
  o.firstNs = 0;
  return o;
}

TEST(LiveText, CommitsWhatLooksAwayFromTheEnd) {
  Script s(options());
  const auto update = s.window(0, 150, {{"one", 40}, {"two", 99}, {"three", 100}, {"four", 140}});
  EXPECT_EQ(s.committed, (Words{"one", "two"}));
  ASSERT_EQ(update.interim.size(), 2u);
  EXPECT_EQ(update.interim[0].text, "three");
}

TEST(LiveText, SureWordsThatComeTwiceAreCommittedSooner) {
  Script s(options());
  const std::vector<Said> said = {
      {"one", 100, 0.9f}, {"two", 120, 0.7f}, {"three", 130, 0.9f}, {"four", 135}};
  s.window(0, 145, said);
  EXPECT_EQ(s.committed, Words{});
  s.window(0, 146, said);
  EXPECT_EQ(s.committed, Words{"one"}) << "two is not sure, and three follows it";
}

TEST(LiveText, TheLastWordWaitsForTheNextOne) {
  Script s(options());
  s.window(0, 400, {{"one", 40}});
  EXPECT_EQ(s.committed, Words{});
  s.window(0, 450, {{"one", 40}, {"two", 430}});
  EXPECT_EQ(s.committed, Words{"one"});
}

// The source may freeze in the middle of a word, and go on with the rest of it.
TEST(LiveText, AStalledWindowCommitsAllButAWordThatMayBeCut) {
  for (const int end : {145, 170}) {
    Script s(options());
    const std::vector<Said> said = {{"one", 40}, {"two", 120}, {"three", 140}};
    s.window(0, end, said, false, true, true);
    EXPECT_EQ(s.committed, end == 145 ? (Words{"one", "two"}) : (Words{"one", "two", "three"}));
    EXPECT_EQ(s.utterance, 0u);
    s.window(0, 400, {{"one", 40}, {"two", 120}, {"threefold", 150}, {"four", 390}}, true);
    EXPECT_EQ(s.committed[1], "two");
    EXPECT_EQ(s.committed[2], end == 145 ? "threefold" : "three");
  }
}

TEST(LiveText, AShortFirstWindowIsNeverCertain) {
  LiveOptions o = options();
  o.firstNs = LiveOptions().firstNs;
  Script s(o);
  s.window(0, 149, {{"one", 10}, {"two", 20}});
  EXPECT_EQ(s.committed, Words{}) << "less than 3 s";
  s.window(0, 150, {{"one", 10}, {"two", 20}});
  EXPECT_EQ(s.committed, Words{"one"});
}

TEST(LiveText, AFinalWindowCommitsTheRest) {
  Script s(options());
  s.window(0, 150, {{"one", 40}, {"two", 120}});
  const auto update = s.window(0, 160, {{"one", 40}, {"two", 120}, {"three", 159}}, true);
  EXPECT_EQ(s.committed, (Words{"one", "two", "three"}));
  EXPECT_TRUE(update.interim.empty());
}

TEST(LiveText, AttentionThatJumpsBackIsLost) {
  Script s(options());
  s.window(0, 600, {{"one", 300}, {"two", 20}, {"three", 320}, {"four", 330}});
  EXPECT_EQ(s.committed, Words{"one"});
}

TEST(LiveText, ACutCharacterWaits) {
  Script s(options());
  s.window(0, 600, {{"日\xEF\xBF\xBD", 30}, {"本", 50}, {"語", 60}});
  EXPECT_EQ(s.committed, Words{});
}

TEST(LiveText, NothingOfALoopIsCommittedOrShown) {
  Script s(options());
  const auto update = s.window(0, 600, {{"one", 30}, {"one", 50}, {"one", 60}}, false, false);
  EXPECT_EQ(s.committed, Words{});
  EXPECT_TRUE(update.interim.empty());
  s.window(0, 650, {{"two", 30}, {"three", 50}});
  EXPECT_TRUE(s.start.guess.empty());
  EXPECT_EQ(s.committed, Words{"two"});
}

TEST(LiveText, CommittedTextIsForcedThenContext) {
  Script s(options());
  s.window(0, 200, {{"one", 40}, {"two", 80}, {"three", 120}, {"four", 190}});
  s.window(0, 210, {{"one", 40}, {"two", 80}, {"three", 120}, {"four", 190}});
  EXPECT_EQ(s.start.forced, tokensOf({"one", "two", "three"}));
  EXPECT_EQ(s.start.guess, tokensOf({"four"}));
  s.window(60, 220, {{"two", 80}, {"three", 120}, {"four", 190}});
  EXPECT_EQ(s.start.context, tokensOf({"one"}));
  EXPECT_EQ(s.start.forced, tokensOf({"two", "three"}));
  s.window(60, 230, {{"two", 80}, {"three", 120}, {"four", 190}}, true);
  s.window(260, 400, {});
  EXPECT_EQ(s.start.context, tokensOf({"one", "two", "three", "four"}));
  EXPECT_TRUE(s.start.forced.empty());
}

TEST(LiveText, WhatAnEarlierUtteranceSaidIsForcedWhileItIsHeard) {
  Script s(options());
  const auto update = s.window(0, 200, {{"one", 40}, {"two", 190}}, true);
  EXPECT_EQ(update.neededFromNs, 0) << "short enough to be heard again";
  s.window(0, 300, {{"one", 40}, {"two", 190}, {"three", 290}});
  EXPECT_EQ(s.start.forced, tokensOf({"one", "two"}));
  EXPECT_TRUE(s.start.context.empty());
  const auto lost = s.window(0, 320, {{"one", 40}, {"two", 190}}, true, false);
  EXPECT_EQ(lost.neededFromNs, 320 * kRow) << "what went wrong is not heard again";
}

// Behind a lost connection, say: text from before it, said again, would be taken for a loop.
TEST(LiveText, ContextEndsWhereAudioIsMissing) {
  for (const bool isMissing : {false, true}) {
    Script s(options());
    s.window(0, 200, {{"one", 80}, {"two", 190}}, true);
    s.utterance += isMissing;
    s.window(260, 400, {});
    EXPECT_EQ(s.start.context, isMissing ? tokensOf({}) : tokensOf({"one", "two"}));
    EXPECT_TRUE(s.start.forced.empty());
  }
}

// A source that comes back counts from 0 again: its words do not stand where the last ones did.
TEST(LiveText, TimeMayGoBackWhereAudioIsMissing) {
  Script s(options());
  s.window(5000, 5200, {{"one", 5080}, {"two", 5190}}, true);
  ++s.utterance;
  const auto update = s.window(0, 200, {{"three", 80}, {"four", 190}}, true);
  ASSERT_EQ(update.committed.size(), 2u);
  EXPECT_EQ(update.committed[0].endNs, 80 * kRow);
  EXPECT_EQ(update.committed[1].startNs, 180 * kRow);
}

TEST(LiveText, TimesMayBeEnormous) {
  Script s(options());
  s.text.begin({INT64_MAX - 9 * kSecond, 2 * kSecond, 0, false});
  LiveReading reading;
  reading.audioRows = 100;
  reading.words.resize(1);
  reading.words[0].word.endNs = kSecond;
  s.text.take({INT64_MAX - 9 * kSecond, 2 * kSecond, 0, true}, std::move(reading));
  s.text.begin({INT64_MAX - 7 * kSecond, 2 * kSecond, 1, false});
}

TEST(LiveText, WhatCouldNotBeReadIsHeardAgain) {
  Script s(options());
  const auto update = s.window(100, 250, {{"mumble", 240}}, true, false);
  EXPECT_TRUE(s.committed.empty());
  EXPECT_EQ(update.neededFromNs, 100 * kRow) << "with what follows";
}

TEST(LiveText, AMarkBehindAWordThatIsOutIsNoWord) {
  Script s(options());
  s.window(0, 200, {{"one", 40}, {"two", 190}});
  s.window(0, 300, {{"one", 40}, {",", 50}, {"two", 190}, {"three", 290}});
  EXPECT_EQ(s.committed, (Words{"one", "two"}));
  s.window(0, 310, {});
  EXPECT_EQ(s.start.forced, tokensOf({"one", ",", "two"}));
}

TEST(LiveText, LongWindowsGiveUpTheirBeginningAtASentence) {
  LiveOptions o = options();
  o.trimNs = 8 * kSecond;
  o.keepNs = 3 * kSecond;
  Script s(o);
  std::vector<Said> said;
  for (int i = 1; i <= 20; ++i) said.push_back({i == 8 ? "end." : numbered("word", i), i * 20});
  EXPECT_EQ(s.window(0, 390, {said.begin(), said.begin() + 19}).neededFromNs, 0) << "not long enough";
  const auto update = s.window(0, 410, said);
  EXPECT_EQ(update.neededFromNs, 165 * kRow) << "between word 8, which ends at row 160, and 9 at 170";
}

TEST(LiveText, ARestartForgets) {
  Script s(options());
  s.window(0, 200, {{"one", 40}, {"two", 190}});
  s.text.reset();
  s.window(0, 200, {{"one", 40}, {"two", 190}});
  EXPECT_TRUE(s.start.forced.empty());
  EXPECT_TRUE(s.start.context.empty());
}

// Whatever the windows are, and whatever is read in them: what came out stays, in order and once.
TEST(LiveText, NeverTakesBackUnderRandomSchedules) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto upTo = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n + 1)); };
    LiveOptions o = options();
    o.trimNs = (4 + upTo(8)) * kSecond;
    o.keepNs = o.trimNs / 2;
    Script s(o);
    std::vector<Said> truth;
    for (int row = 20; row < 6000; row += 10 + upTo(30))
      truth.push_back({numbered("w", static_cast<int>(truth.size())), row});
    Words before;
    int first = 0, utteranceStart = 0;
    for (int now = 30; now < 6000; now += 5 + upTo(60)) {
      std::vector<Said> said;
      for (const Said& word : truth) {
        if (word.row <= first || word.row > now) continue;
        said.push_back(word);
        said.back().probability = static_cast<float>(upTo(100)) / 100;
      }
      // What was committed is forced; what is not may be misheard.
      const LiveWindow peek{first * kRow, (now - first) * kRow, s.utterance, false};
      LiveText copy = s.text;
      const size_t forced = copy.begin(peek).forced.size() / 2;
      ASSERT_LE(forced, s.committed.size());
      for (size_t i = 0; i < said.size(); ++i) {
        if (i < forced)
          said[i].text = s.committed[s.committed.size() - forced + i];
        else if (upTo(3) == 0)
          said[i].text = numbered("misheard", upTo(1000));
      }
      if (said.size() < forced) continue;
      const bool isFinal = upTo(40) == 0;
      const auto update = s.window(first, now, said, isFinal, upTo(10) > 0);
      ASSERT_GE(s.committed.size(), before.size());
      ASSERT_TRUE(std::equal(before.begin(), before.end(), s.committed.begin())) << "seed " << seed;
      ASSERT_EQ(s.start.forced, tokensOf({before.end() - static_cast<std::ptrdiff_t>(forced), before.end()}));
      ASSERT_GE(update.neededFromNs, first * kRow);
      ASSERT_LE(update.neededFromNs, now * kRow);
      before = s.committed;
      if (isFinal)
        first = utteranceStart = now;
      else if (upTo(2) > 0)  // npumel may hear of it late
        first = std::max(first, static_cast<int>(update.neededFromNs / kRow));
    }
    EXPECT_GT(s.committed.size(), truth.size() / 3);
    EXPECT_LE(utteranceStart, 6000);
  }
}

}  // namespace
}  // namespace npuspeech
