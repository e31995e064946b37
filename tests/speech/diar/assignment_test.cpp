// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/diar/assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace npuspeech {
namespace {

/// The greatest sum by trying every pairing, of which the shorter side has every member paired.
double bestByTrying(const std::vector<double>& scores, int rows, int columns) {
  std::vector<int> longer(static_cast<size_t>(std::max(rows, columns)));
  std::iota(longer.begin(), longer.end(), 0);
  double best = -1e300;
  do {
    double sum = 0;
    for (int i = 0; i < std::min(rows, columns); ++i)
      sum += rows <= columns ? scores[i * columns + longer[i]] : scores[longer[i] * columns + i];
    best = std::max(best, sum);
  } while (std::next_permutation(longer.begin(), longer.end()));
  return best;
}

TEST(Assignment, IsTheBestOfAllPairings) {
  std::mt19937 random(1);
  Assignment assignment;  // one for all sizes, as it keeps its memory
  for (int round = 0; round < 1500; ++round) {
    const int rows = 1 + static_cast<int>(random() % 6), columns = 1 + static_cast<int>(random() % 6);
    std::vector<double> scores(static_cast<size_t>(rows * columns));
    const bool hasTies = round % 3 == 0;
    for (double& score : scores)
      score = hasTies ? static_cast<double>(random() % 3) : std::normal_distribution<double>()(random);
    std::vector<int> columnOfRow(static_cast<size_t>(rows));
    assignment.solve(scores, rows, columns, columnOfRow);
    double sum = 0;
    std::vector<int> taken(static_cast<size_t>(columns));
    for (int row = 0; row < rows; ++row) {
      if (columnOfRow[row] < 0) continue;
      sum += scores[row * columns + columnOfRow[row]];
      EXPECT_EQ(++taken[columnOfRow[row]], 1);
    }
    EXPECT_EQ(std::accumulate(taken.begin(), taken.end(), 0), std::min(rows, columns));
    EXPECT_NEAR(sum, bestByTrying(scores, rows, columns), 1e-9) << rows << " x " << columns;
  }
}

TEST(Assignment, PairsNothingWithNothing) {
  std::vector<int> columnOfRow(3, 7);
  Assignment().solve({}, 3, 0, columnOfRow);
  EXPECT_EQ(columnOfRow, std::vector<int>(3, -1));
}

}  // namespace
}  // namespace npuspeech
