// SPDX-License-Identifier: LGPL-2.1-or-later
// The best pairing of rows with columns (the assignment problem, solved by the Hungarian method).
#include "speech/diar/assignment.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace npuspeech {

void Assignment::solve(std::span<const double> scores, int rows, int columns, std::span<int> columnOfRow) {
  const bool isTransposed = rows > columns;  // the method wants no more rows than columns
  const int lines = std::min(rows, columns), places = std::max(rows, columns);
  rowPotential_.assign(static_cast<size_t>(lines) + 1, 0.0);
  columnPotential_.assign(static_cast<size_t>(places) + 1, 0.0);
  rowOfColumn_.assign(static_cast<size_t>(places) + 1, 0);
  before_.assign(static_cast<size_t>(places) + 1, 0);
  for (int line = 1; line <= lines; ++line) addRow(scores, line, lines, places, isTransposed);
  std::fill(columnOfRow.begin(), columnOfRow.end(), -1);
  for (int place = 1; place <= places; ++place) {
    const int line = rowOfColumn_[place];
    if (line == 0) continue;
    if (isTransposed)
      columnOfRow[place - 1] = line - 1;
    else
      columnOfRow[line - 1] = place - 1;
  }
}

/// Finds the cheapest path from the row to a free column, over columns that are taken, and moves their rows
/// along it. A score's cost is its negative.
void Assignment::addRow(std::span<const double> scores, int row, int rows, int columns, bool isTransposed) {
  const auto cost = [&](int line, int place) {
    const size_t index = isTransposed ? static_cast<size_t>(place - 1) * rows + (line - 1)
                                      : static_cast<size_t>(line - 1) * columns + (place - 1);
    return -scores[index];
  };
  least_.assign(static_cast<size_t>(columns) + 1, std::numeric_limits<double>::infinity());
  isReached_.assign(static_cast<size_t>(columns) + 1, 0);
  rowOfColumn_[0] = row;
  int column = 0;
  while (rowOfColumn_[column] != 0) {
    isReached_[column] = 1;
    const int line = rowOfColumn_[column];
    double step = std::numeric_limits<double>::infinity();
    int next = 0;
    for (int place = 1; place <= columns; ++place) {
      if (isReached_[place]) continue;
      const double reduced = cost(line, place) - rowPotential_[line] - columnPotential_[place];
      if (reduced < least_[place]) {
        least_[place] = reduced;
        before_[place] = column;
      }
      if (least_[place] < step) {
        step = least_[place];
        next = place;
      }
    }
    for (int place = 0; place <= columns; ++place) {
      if (isReached_[place]) {
        rowPotential_[rowOfColumn_[place]] += step;
        columnPotential_[place] -= step;
      } else {
        least_[place] -= step;
      }
    }
    column = next;
  }
  for (; column != 0; column = before_[column]) rowOfColumn_[column] = rowOfColumn_[before_[column]];
}

}  // namespace npuspeech
