// SPDX-License-Identifier: LGPL-2.1-or-later
// The distance between two transcripts.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <vector>

namespace npuspeech::test {

/// Returns a word in lower case, with its letters and digits only.
inline std::string bare(const std::string& word) {
  std::string letters;
  for (char c : word)
    if (std::isalnum(static_cast<unsigned char>(c))) letters += static_cast<char>(std::tolower(c));
  return letters;
}

/// Returns the number of words to replace, add or remove to turn `a` into `b`.
inline size_t distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t same = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, same});
    }
  }
  return row.back();
}

}  // namespace npuspeech::test
