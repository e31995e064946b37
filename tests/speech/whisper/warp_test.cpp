// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "speech/whisper/word_timing.h"

namespace npuspeech {
namespace {

// Least cost over all monotone paths, by recursion: the specification.
float leastCost(const std::vector<float>& cost, int rows, int columns) {
  std::function<float(int, int)> best = [&](int r, int c) -> float {
    if (r < 0 || c < 0) return r < 0 && c < 0 ? 0.0f : INFINITY;
    return cost[static_cast<size_t>(r * columns + c)] +
           std::min({best(r - 1, c - 1), best(r - 1, c), best(r, c - 1)});
  };
  return best(rows - 1, columns - 1);
}

TEST(Warp, FollowsAPathOfLeastCost) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 60; ++trial) {
    const int rows = 1 + static_cast<int>(random() % 5), columns = 1 + static_cast<int>(random() % 7);
    std::vector<float> cost(static_cast<size_t>(rows * columns));
    for (float& c : cost) c = static_cast<float>(random() % 1000) / 100 - 5;
    const std::vector<int> first = warp(cost, rows, columns);
    ASSERT_EQ(first.size(), static_cast<size_t>(rows));
    EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
    // Row r spans [first[r], last[r]] where last[r] is first[r + 1] or the column before it.
    std::function<float(int)> along = [&](int r) -> float {
      const int end = r + 1 < rows ? first[static_cast<size_t>(r) + 1] : columns - 1;
      float sum = 0, least = INFINITY;
      for (int c = first[static_cast<size_t>(r)]; c <= end; ++c) {
        sum += cost[static_cast<size_t>(r * columns + c)];
        if (r + 1 == rows ? c == end : c >= end - 1)
          least = std::min(least, sum + (r + 1 < rows ? along(r + 1) : 0.0f));
      }
      return least;
    };
    EXPECT_EQ(first[0], 0);
    EXPECT_NEAR(along(0), leastCost(cost, rows, columns), 1e-3);
  }
}

TEST(WordTimes, PausesAreNobodys) {
  constexpr int64_t kMs = 1'000'000;
  const auto word = [](int64_t startMs, int64_t endMs, int firstRow) {
    ReadWord read;
    read.word.startNs = startMs * kMs;
    read.word.endNs = endMs * kMs;
    read.firstRow = firstRow;
    return read;
  };
  const std::vector<ReadWord> read = {word(0, 500, 12),        // looks at its middle
                                      word(500, 1960, 93),     // behind a second of silence
                                      word(1960, 2800, 118),   // long, at 0.4 s of it
                                      word(2800, 2900, 130)};  // looks back
  std::vector<Word> words;
  for (const ReadWord& one : read) words.push_back(one.word);
  leavePauses(words, read);
  EXPECT_EQ(words[0].startNs, 0);
  EXPECT_EQ(words[1].startNs, 1560 * kMs);
  EXPECT_EQ(words[2].startNs, 1960 * kMs);
  EXPECT_EQ(words[3].startNs, 2800 * kMs);
  for (size_t i = 0; i < words.size(); ++i) EXPECT_EQ(words[i].endNs, read[i].word.endNs);
}

}  // namespace
}  // namespace npuspeech
