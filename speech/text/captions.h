// SPDX-License-Identifier: LGPL-2.1-or-later
// Joins words to what people read: sentences, and lines of captions.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "speech/text/word.h"

namespace npuspeech {

/// What one caption holds.
enum class Granularity {
  Word,     // A word.
  Segment,  // A sentence. A long one is parted at commas and pauses.
  Line,     // A line of a segment, or as many lines as `linesPerCaption` says.
};

/// How words are joined. Lengths of time are in ns.
struct CaptionOptions {
  Granularity granularity = Granularity::Word;
  /// The most columns of a line. 42 is the usual limit of subtitles. Wide East Asian characters take two
  /// columns.
  int lineLength = 42;
  /// How many lines a caption has, for Granularity::Line.
  int linesPerCaption = 1;
  /// The longest segment. Subtitles are not to stand longer.
  int64_t maxNs = 7'000'000'000;
  /// Silence of this length ends a segment.
  int64_t pauseNs = 1'000'000'000;
  /// The shortest segment or line while speech goes on. Shorter ones could not be read.
  int64_t minNs = 300'000'000;
  /// A segment or line may begin so long before its first word, at most.
  int64_t leadNs = 0;
};

/// A piece of text to be shown, in stream time.
struct Caption {
  int64_t startNs = 0;
  int64_t endNs = 0;
  /// The text in UTF-8, with no space around it. Lines are separated by "\n".
  std::string text;
  /// The mean of its words' probabilities.
  float confidence = 0;
  /// The words that it is made of.
  std::vector<Word> words;
};

/// How many columns UTF-8 text takes in a font of fixed width.
int textColumns(std::string_view text);

/// Joins the words of a stream into captions. A segment has at most as many columns as two lines. Not
/// thread-safe.
class Captioner {
 public:
  explicit Captioner(const CaptionOptions& options) : options_(options) {}

  /// Takes the next word, with its times in the stream. No word may begin before the one pushed before it.
  void push(const Word& word);
  /// Completes the caption that waits for more words, because nobody speaks or the stream ends.
  void flush();
  /// When the caption begins that waits for more words; nothing if none waits.
  std::optional<int64_t> pendingSinceNs() const;
  /// Completes a caption that has waited long enough: up to its last comma or pause, or whole if it has none.
  void release();
  /// The next complete caption; nothing if more words are needed.
  std::optional<Caption> next();
  /// Whether no word is left in here.
  bool empty() const { return open_.empty() && ready_.empty(); }
  /// Drops everything.
  void reset();

 private:
  /// Makes a segment of the first `words` words. `following`: the word that comes behind them; null if none
  /// is known.
  void closeSegment(size_t words, const Word* following);
  /// Moves a caption's times so that it leads its words. `nextStartNs`: when the next one's first word
  /// begins.
  void lead(Caption& caption, std::optional<int64_t> nextStartNs);
  /// When a caption begins whose first word begins at `firstWordNs`.
  int64_t startNs(int64_t firstWordNs) const;
  /// Fills lines with the words of a segment.
  std::vector<Caption> linesOf(const std::vector<Word>& words) const;
  /// Whether the segment that grows may end before `word`.
  bool mayCloseBefore(const Word& word) const;

  CaptionOptions options_;
  std::vector<Word> open_;     // of the segment that grows
  std::deque<Caption> ready_;  // the captions that are complete
  int64_t endNs_ = INT64_MIN;  // of the last complete caption
};

}  // namespace npuspeech
