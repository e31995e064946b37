// SPDX-License-Identifier: LGPL-2.1-or-later
// Words into sentences and lines: nothing lost, limits kept, breaks where a reader expects them.
#include "speech/text/captions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

namespace npuspeech {
namespace {

constexpr int64_t kMs = 1'000'000;

/// Words of 200 ms, 100 ms apart, separated by spaces in `text`; "|" adds two seconds of silence.
std::vector<Word> speak(const std::string& text) {
  std::vector<Word> words;
  std::istringstream in(text);
  int64_t now = 0;
  for (std::string word; in >> word;) {
    if (word == "|") {
      now += 2000 * kMs;
      continue;
    }
    words.push_back({now, now + 200 * kMs, word, 0.5f, true});
    now += 300 * kMs;
  }
  return words;
}

std::vector<Caption> captions(const CaptionOptions& options, const std::vector<Word>& words) {
  Captioner captioner(options);
  std::vector<Caption> out;
  const auto drain = [&] {
    while (auto caption = captioner.next()) out.push_back(*caption);
  };
  for (const auto& word : words) captioner.push(word), drain();
  captioner.flush();
  drain();
  return out;
}

std::vector<std::string> texts(const CaptionOptions& options, const std::string& text) {
  std::vector<std::string> out;
  for (const auto& caption : captions(options, speak(text))) out.push_back(caption.text);
  return out;
}

using Texts = std::vector<std::string>;
const CaptionOptions kSegments{.granularity = Granularity::Segment};

TEST(Captions, WordsPassAtOnceWithTheirTimes) {
  Captioner captioner({});
  captioner.push({5, 7, "Hello,", 0.25f, true});
  const auto caption = captioner.next();
  ASSERT_TRUE(caption);
  EXPECT_EQ(caption->text, "Hello,");
  EXPECT_EQ(caption->startNs, 5);
  EXPECT_EQ(caption->endNs, 7);
  EXPECT_FLOAT_EQ(caption->confidence, 0.25f);
  EXPECT_FALSE(captioner.next());
}

TEST(Captions, SegmentsEndWithSentencesAndPauses) {
  EXPECT_EQ(texts(kSegments, "Yes. We can! Can we? \"Sure.\" Go on | and stop"),
            (Texts{"Yes.", "We can!", "Can we?", "\"Sure.\"", "Go on", "and stop"}));
}

TEST(Captions, DotsInsideSentencesDoNotEndThem) {
  EXPECT_EQ(texts(kSegments, "Mr. Smith of the U.S. Army met J. Doe at 3.5 miles."),
            (Texts{"Mr. Smith of the U.S. Army met J. Doe at 3.5 miles."}));
  EXPECT_EQ(texts(kSegments, "It is approx. five."), (Texts{"It is approx. five."}));
}

TEST(Captions, SegmentTimesAndConfidenceAreThoseOfTheirWords) {
  auto words = speak("One two. Three");
  words[1].probability = 1.0f;
  const auto out = captions(kSegments, words);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].startNs, 0);
  EXPECT_EQ(out[0].endNs, words[1].endNs);
  EXPECT_EQ(out[1].startNs, words[2].startNs);
  EXPECT_FLOAT_EQ(out[0].confidence, 0.75f);
}

TEST(Captions, LongSentencesAreCutAtACommaFirst) {
  CaptionOptions options = kSegments;
  options.lineLength = 20;
  const auto out = texts(options, "when it had rained for a week, the river rose over its banks");
  ASSERT_GE(out.size(), 2u);
  EXPECT_EQ(out[0], "when it had rained for a week,");
}

TEST(Captions, LinesAreBalancedAndKeepTheLimit) {
  CaptionOptions options{.granularity = Granularity::Line, .lineLength = 20};
  EXPECT_EQ(texts(options, "the quick brown fox jumps over"), (Texts{"the quick brown", "fox jumps over"}));
  options.linesPerCaption = 2;
  EXPECT_EQ(texts(options, "the quick brown fox jumps over"), (Texts{"the quick brown\nfox jumps over"}));
}

TEST(Captions, ContinuationsStayWithTheirWord) {
  CaptionOptions options{.granularity = Granularity::Line, .lineLength = 8};
  std::vector<Word> words = speak("ab rock n roll");
  words[2].spaceBefore = false;
  words[3].spaceBefore = false;
  const auto out = captions(options, words);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].text, "ab");
  EXPECT_EQ(out[1].text, "rocknroll");
}

TEST(Captions, WideCharactersTakeTwoColumnsAndBreakAnywhere) {
  EXPECT_EQ(textColumns("abc"), 3);
  EXPECT_EQ(textColumns("né"), 2);
  EXPECT_EQ(textColumns("ne\xCC\x81"), 2);
  EXPECT_EQ(textColumns("日本語"), 6);
  EXPECT_EQ(textColumns("\xE6\x97"), 1) << "a broken sequence is counted, not read beyond";
  CaptionOptions options{.granularity = Granularity::Line, .lineLength = 6};
  std::vector<Word> words = speak("日 本 語 の 字");
  for (auto& word : words) word.spaceBefore = false;
  std::string all;
  for (const auto& caption : captions(options, words)) {
    EXPECT_LE(textColumns(caption.text), 6);
    all += caption.text;
  }
  EXPECT_EQ(all, "日本語の字");
}

TEST(Captions, ShortSentencesJoinTheNext) {
  std::vector<Word> words = speak("Yes. Yes. Yes. That is all.");
  for (size_t i = 0; i < 3; ++i)
    words[i].startNs = 90 * kMs * static_cast<int64_t>(i), words[i].endNs = words[i].startNs + 90 * kMs;
  const auto out = captions(kSegments, words);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].text, "Yes. Yes. Yes.") << "which is 0.9 s before the next";
}

TEST(Captions, LinesThatFollowTooFastTakeTimeFromTheOneBefore) {
  CaptionOptions options{.granularity = Granularity::Line, .lineLength = 9};
  std::vector<Word> words = speak("secret quiet night");
  words[1].startNs = 800 * kMs, words[1].endNs = 820 * kMs;
  words[2].startNs = 820 * kMs, words[2].endNs = 840 * kMs;
  const auto out = captions(options, words);
  ASSERT_EQ(out.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(out[i].startNs, static_cast<int64_t>(i) * options.minNs);
  EXPECT_EQ(out[1].endNs, out[2].startNs);
  EXPECT_EQ(out[2].endNs, words[2].endNs) << "where nothing follows, the caller may let it stand";
}

TEST(Captions, BeginALittleBeforeTheirWords) {
  CaptionOptions options = kSegments;
  options.leadNs = 100 * kMs;
  std::vector<Word> words = speak("Good morning all. We go now. | Well.");
  words[2].endNs = words[3].startNs;  // no pause between the two
  const auto out = captions(options, words);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].startNs, -100 * kMs) << "the stream's start is the caller's";
  EXPECT_EQ(out[1].startNs, words[3].startNs - options.leadNs);
  EXPECT_EQ(out[0].endNs, out[1].startNs);
  EXPECT_EQ(out[1].endNs, words[5].endNs);
  EXPECT_EQ(out[2].startNs, words[6].startNs - options.leadNs);
}

TEST(Captions, WhoHasWaitedLongEnoughLeavesUpToAPauseOrWhole) {
  Captioner captioner(kSegments);
  EXPECT_FALSE(captioner.pendingSinceNs());
  for (const Word& word : speak("one two three, four")) captioner.push(word);
  EXPECT_FALSE(captioner.next());
  EXPECT_EQ(captioner.pendingSinceNs(), 0);
  captioner.release();
  auto caption = captioner.next();
  ASSERT_TRUE(caption);
  EXPECT_EQ(caption->text, "one two three,");
  EXPECT_EQ(captioner.pendingSinceNs(), 900 * kMs) << "four waits on";
  captioner.release();
  caption = captioner.next();
  ASSERT_TRUE(caption);
  EXPECT_EQ(caption->text, "four");
  EXPECT_TRUE(captioner.empty());
  captioner.release();
  EXPECT_FALSE(captioner.next());
}

TEST(Captions, NoWordIsLostWhateverTheOptions) {
  std::mt19937 random(7);
  const auto upTo = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 300; ++round) {
    CaptionOptions options{.granularity = static_cast<Granularity>(upTo(3)), .lineLength = 8 + upTo(40)};
    options.linesPerCaption = 1 + upTo(3);
    std::string text, expected;
    for (int i = upTo(60); i >= 0; --i) {
      std::string word(static_cast<size_t>(1 + upTo(8)), static_cast<char>('a' + upTo(26)));
      if (upTo(6) == 0) word += ".,?!;"[upTo(5)];
      expected += word;
      text += word + (upTo(9) == 0 ? " | " : " ");
    }
    std::string got;
    int64_t last = -1;
    for (const auto& caption : captions(options, speak(text))) {
      EXPECT_GE(caption.startNs, last);
      EXPECT_GT(caption.endNs, caption.startNs);
      last = caption.endNs;
      std::istringstream lines(caption.text);
      int count = 0;
      for (std::string line; std::getline(lines, line); ++count) {
        if (options.granularity == Granularity::Line) {
          EXPECT_LE(textColumns(line), std::max(options.lineLength, 9));
        }
        for (char c : line)
          if (c != ' ') got += c;
      }
      EXPECT_LE(count, options.linesPerCaption);
    }
    EXPECT_EQ(got, expected);
  }
}

}  // namespace
}  // namespace npuspeech
