// SPDX-License-Identifier: LGPL-2.1-or-later
// The best pairing of rows with columns (the assignment problem, solved by the Hungarian method).
#pragma once

#include <span>
#include <vector>

namespace npuspeech {

/// Pairs rows with columns, each at most once, min(rows, columns) of them, so that the sum of their scores is
/// the greatest. Not thread-safe. Keeps its working memory from call to call.
class Assignment {
 public:
  /// `scores`: [rows][columns], finite. Writes for each row its column, or -1 where it has none.
  void solve(std::span<const double> scores, int rows, int columns, std::span<int> columnOfRow);

 private:
  void addRow(std::span<const double> scores, int row, int rows, int columns, bool isTransposed);

  // The method's potentials and path, all with an unused first place; a column without a row has row 0.
  std::vector<double> rowPotential_, columnPotential_, least_;
  std::vector<int> rowOfColumn_, before_;
  std::vector<char> isReached_;
};

}  // namespace npuspeech
