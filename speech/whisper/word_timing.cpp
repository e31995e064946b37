// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/word_timing.h"

#include <algorithm>
#include <cmath>

#include "speech/model/utf8.h"

namespace npuspeech {
namespace {

constexpr int64_t kRowNs = 20'000'000;       // an encoder row
constexpr int64_t kShortestNs = 20'000'000;  // no word is shorter
constexpr int kMedianWidth = 7;
constexpr std::string_view kSentenceEnds[] = {".", "。", "!", "！", "?", "？"};

bool endsSentence(std::string_view word) {
  return std::any_of(std::begin(kSentenceEnds), std::end(kSentenceEnds),
                     [&](std::string_view mark) { return word.ends_with(mark); });
}

// Median of seven without branches, so that the compiler makes vectors of it (N. Devillard, "Fast median
// search", 1998).
float medianOf7(float a, float b, float c, float d, float e, float f, float g) {
  const auto sort = [](float& low, float& high) {
    const float smaller = high < low ? high : low;
    high = high < low ? low : high;
    low = smaller;
  };
  sort(a, f), sort(a, d), sort(b, g), sort(c, e), sort(a, b), sort(d, f), sort(c, g);
  sort(c, d), sort(d, g), sort(e, f), sort(b, e), sort(b, d), sort(d, e);
  return d;
}

// [tokens + 1][audioRows]: how much the alignment heads favoured each row of audio when each token was
// chosen; the last one is the end of text's. Normalised over the tokens, smoothed by a median over rows that
// is reflected at the edges (timing.py, find_alignment).
std::vector<float> attentionMap(const Sequence& sequence, size_t firstInput, size_t normaliseFrom,
                                size_t rows, size_t heads, size_t audioRows) {
  constexpr size_t kHalf = kMedianWidth / 2;
  const size_t end = firstInput + rows;
  const float perToken = 1.0f / static_cast<float>(end - normaliseFrom),
              perHead = 1.0f / static_cast<float>(heads);
  std::vector<float> map(rows * audioRows, 0.0f), mean(audioRows), inverse(audioRows);
  std::vector<float> normal(audioRows + 2 * kHalf);
  for (size_t head = 0; head < heads; ++head) {
    const auto looked = [&](size_t token) {
      return sequence.alignment(static_cast<int>(token)).data() + head * audioRows;
    };
    std::fill(mean.begin(), mean.end(), 0.0f);
    for (size_t t = normaliseFrom; t < end; ++t) {
      const Probability16* const row = looked(t);
      for (size_t j = 0; j < audioRows; ++j) mean[j] += row[j];
    }
    for (float& value : mean) value *= perToken;
    std::fill(inverse.begin(), inverse.end(), 0.0f);
    for (size_t t = normaliseFrom; t < end; ++t) {
      const Probability16* const row = looked(t);
      for (size_t j = 0; j < audioRows; ++j) inverse[j] += (row[j] - mean[j]) * (row[j] - mean[j]);
    }
    for (float& value : inverse) value = 1.0f / std::sqrt(std::max(value * perToken, 1e-18f));

    for (size_t r = 0; r < rows; ++r) {
      const Probability16* const row = looked(firstInput + r);
      float* const middle = normal.data() + kHalf;
      for (size_t j = 0; j < audioRows; ++j) middle[j] = (row[j] - mean[j]) * inverse[j];
      for (size_t k = 1; k <= kHalf; ++k) {
        normal[kHalf - k] = middle[std::min(k, audioRows - 1)];
        middle[audioRows - 1 + k] = middle[audioRows - 1 - std::min(k, audioRows - 1)];
      }
      float* const out = map.data() + r * audioRows;
      const float* const in = normal.data();
      for (size_t j = 0; j < audioRows; ++j)
        out[j] +=
            perHead * medianOf7(in[j], in[j + 1], in[j + 2], in[j + 3], in[j + 4], in[j + 5], in[j + 6]);
    }
  }
  return map;
}

// The row of audio that the token looked at most, without those at the start that every token looks at.
int favourite(const std::vector<float>& map, size_t token, size_t audioRows) {
  constexpr size_t kSinks = 4;
  const auto begin = map.begin() + static_cast<std::ptrdiff_t>(token * audioRows);
  const auto first = begin + static_cast<std::ptrdiff_t>(std::min(kSinks, audioRows - 1));
  return static_cast<int>(std::max_element(first, begin + static_cast<std::ptrdiff_t>(audioRows)) - begin);
}

// Long words stand beside pauses at sentence ends: the pause is not theirs (timing.py, add_word_timestamps).
void shortenLongWords(std::vector<Word>& words) {
  std::vector<int64_t> durations;
  for (const Word& word : words) durations.push_back(word.endNs - word.startNs);
  std::nth_element(durations.begin(), durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2),
                   durations.end());
  const int64_t longest = 2 * std::clamp<int64_t>(durations[durations.size() / 2], 100'000'000, 700'000'000);
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].endNs - words[i].startNs <= longest) continue;
    if (endsSentence(words[i].text) && i > 0)
      words[i].endNs = words[i].startNs + longest;
    else if (i == 0 || endsSentence(words[i - 1].text))
      words[i].startNs = words[i].endNs - longest;
  }
}

// Times in order, inside the window, none empty; more words than the window has room for share it evenly.
void keepInOrder(std::vector<Word>& words, int64_t durationNs) {
  const int64_t count = static_cast<int64_t>(words.size());
  if (count * kShortestNs > durationNs) {
    for (int64_t i = 0; i < count; ++i) {
      words[static_cast<size_t>(i)].startNs = durationNs * i / count;
      words[static_cast<size_t>(i)].endNs = durationNs * (i + 1) / count;
    }
    return;
  }
  int64_t at = 0;
  for (Word& word : words) {
    word.startNs = std::max(word.startNs, at);
    at = word.endNs = std::max(word.endNs, word.startNs + kShortestNs);
  }
  at = durationNs;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    word->endNs = std::min(word->endNs, at);
    at = word->startNs = std::min(word->startNs, word->endNs - kShortestNs);
  }
}

}  // namespace

std::vector<int> warp(std::span<const float> cost, int rows, int columns) {
  const size_t width = static_cast<size_t>(columns) + 1;
  enum : uint8_t { kDiagonal, kUp, kLeft };
  std::vector<float> previous(width, INFINITY), current(width);
  std::vector<uint8_t> step((static_cast<size_t>(rows) + 1) * width, kLeft);
  previous[0] = 0;
  for (int r = 1; r <= rows; ++r) {
    current[0] = INFINITY;
    for (int c = 1; c <= columns; ++c) {
      const size_t j = static_cast<size_t>(c);
      const float diagonal = previous[j - 1], up = previous[j], left = current[j - 1];
      const bool isDiagonal = diagonal < up && diagonal < left, isUp = !isDiagonal && up < left;
      current[j] =
          cost[static_cast<size_t>(r - 1) * static_cast<size_t>(columns) + j - 1] + (isDiagonal ? diagonal
                                                                                     : isUp     ? up
                                                                                                : left);
      step[static_cast<size_t>(r) * width + j] = isDiagonal ? kDiagonal : isUp ? kUp : kLeft;
    }
    std::swap(previous, current);
  }
  std::vector<int> first(static_cast<size_t>(rows), 0);
  for (int r = rows, c = columns; r > 0;) {
    first[static_cast<size_t>(r) - 1] = std::max(c - 1, 0);
    const uint8_t back =
        c == 0 ? static_cast<uint8_t>(kUp) : step[static_cast<size_t>(r) * width + static_cast<size_t>(c)];
    if (back != kLeft) --r;
    if (back != kUp) --c;
  }
  return first;
}

void leavePauses(std::vector<Word>& words, std::span<const ReadWord> read) {
  constexpr int64_t kMostNs = 400'000'000, kLookNs = 300'000'000;
  for (size_t i = 0; i < words.size(); ++i) {
    const int64_t lookNs = read[i].firstRow * kRowNs;
    if (lookNs - words[i].startNs > kMostNs) words[i].startNs = lookNs - kLookNs;
  }
}

namespace {

/// The text tokens of a hypothesis; timestamps between them are left out.
struct TextTokens {
  std::vector<Token> tokens;
  std::vector<size_t> index;  // of each in the hypothesis
  size_t forced = 0;          // so many of them, the first ones, were given

  TextTokens(const Vocabulary& vocabulary, const Hypothesis& hypothesis) {
    for (size_t i = 0; i < hypothesis.tokens.size(); ++i) {
      if (!vocabulary.isText(hypothesis.tokens[i])) continue;
      tokens.push_back(hypothesis.tokens[i]);
      index.push_back(i);
      forced += i < hypothesis.forced;
    }
  }
  /// The words stay apart where the forced tokens end: the words of those are out.
  std::vector<TokenWord> words(const Vocabulary& vocabulary, std::string_view language) const {
    std::vector<TokenWord> words = splitWords(vocabulary, std::span(tokens).first(forced), language);
    for (TokenWord& word : splitWords(vocabulary, std::span(tokens).subspan(forced), language)) {
      word.firstToken += forced;
      words.push_back(std::move(word));
    }
    return words;
  }
};

/// What the alignment heads looked at, a row for each token.
struct AttentionMap {
  std::vector<float> values;  // [rows][audioRows]
  size_t rows, audioRows;

  /// Of the row of the hypothesis' token i, or of the end of text behind the last.
  size_t rowOf(size_t token) const { return std::min(token, rows - 1); }

  /// For each text token, and the end of text, the audio row where its words begin.
  std::vector<int> startsOf(const TextTokens& text, size_t endOfText) const {
    std::vector<float> cost;
    cost.reserve((text.tokens.size() + 1) * audioRows);
    for (size_t i = 0; i <= text.tokens.size(); ++i) {
      const size_t row = rowOf(i < text.tokens.size() ? text.index[i] : endOfText);
      for (size_t j = 0; j < audioRows; ++j) cost.push_back(-values[row * audioRows + j]);
    }
    return warp(cost, static_cast<int>(text.tokens.size()) + 1, static_cast<int>(audioRows));
  }
};

/// A word as its tokens spell it, without the space around it; empty where there is nothing else.
std::string spelled(const TokenWord& word) {
  Utf8Joiner joiner;
  const std::string text = joiner.add(word.text) + joiner.finish();
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// Its tokens' place in the hypothesis, the rows that they looked at most, and their mean probability.
ReadWord readWord(const TokenWord& part, const TextTokens& text, const AttentionMap& map,
                  const Hypothesis& hypothesis) {
  ReadWord read;
  const size_t last = part.firstToken + part.tokenCount - 1;
  read.firstToken = text.index[part.firstToken];
  read.tokenCount = text.index[last] + 1 - read.firstToken;
  read.firstRow = static_cast<int>(map.audioRows);
  for (size_t i = part.firstToken; i <= last; ++i) {
    const int row = favourite(map.values, map.rowOf(text.index[i]), map.audioRows);
    read.firstRow = std::min(read.firstRow, row);
    read.lastRow = std::max(read.lastRow, row);
    read.word.probability +=
        std::exp(hypothesis.logProbabilities[text.index[i]]) / static_cast<float>(part.tokenCount);
  }
  read.word.spaceBefore = part.text.starts_with(' ');
  return read;
}

}  // namespace

std::vector<ReadWord> readWords(const Vocabulary& vocabulary, const Hypothesis& hypothesis,
                                size_t promptLength, size_t startOfTranscript, size_t heads,
                                std::string_view language, int64_t durationNs) {
  const TextTokens text(vocabulary, hypothesis);
  if (text.tokens.empty()) return {};
  const Sequence& sequence = *hypothesis.sequence;
  const size_t inputs =
      std::min(static_cast<size_t>(sequence.length()), promptLength + hypothesis.tokens.size());
  AttentionMap map{{}, inputs - (promptLength - 1), static_cast<size_t>(sequence.cross().audioRows)};
  map.values = attentionMap(sequence, promptLength - 1, startOfTranscript, map.rows, heads, map.audioRows);
  const std::vector<int> starts = map.startsOf(text, hypothesis.tokens.size());

  std::vector<Word> words;
  std::vector<ReadWord> read;
  for (const TokenWord& part : text.words(vocabulary, language)) {
    std::string spelling = spelled(part);
    if (spelling.empty()) continue;
    read.push_back(readWord(part, text, map, hypothesis));
    Word& word = words.emplace_back(read.back().word);
    word.startNs = starts[part.firstToken] * kRowNs;
    word.endNs = starts[part.firstToken + part.tokenCount] * kRowNs;
    word.text = std::move(spelling);
  }
  if (words.empty()) return read;
  leavePauses(words, read);
  shortenLongWords(words);
  keepInOrder(words, durationNs);
  for (size_t i = 0; i < words.size(); ++i) read[i].word = std::move(words[i]);
  return read;
}

}  // namespace npuspeech
