// SPDX-License-Identifier: LGPL-2.1-or-later
// From words to what people read: sentences, and lines of a caption.
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
  Word,     // a word
  Segment,  // a sentence or, of a long one, a part that ends at a comma or a pause
  Line,     // a line, or `linesPerCaption` of them
};

struct CaptionOptions {
  Granularity granularity = Granularity::Word;
  int lineLength = 42;  // columns; 42 is the usual limit of subtitles. East Asian wide characters take two
  int linesPerCaption = 1;          // Line only
  int64_t maxNs = 7'000'000'000;    // longest segment: how long subtitles may stand
  int64_t pauseNs = 1'000'000'000;  // silence that ends a segment
  int64_t minNs = 300'000'000;      // shortest segment or line, where speech goes on: a glance
  int64_t leadNs = 0;               // how long before its first word a segment or line begins, at most
};

struct Caption {
  int64_t startNs = 0, endNs = 0;
  std::string text;      // lines are separated by "\n"; no space around
  float confidence = 0;  // mean of its words' probabilities
  std::vector<Word> words;
};

/// Columns that UTF-8 text takes in a fixed-width font.
int textColumns(std::string_view text);

/// Joins the words of a stream, in order, into captions. A segment's length is at most two lines' columns.
/// Not thread-safe.
class Captioner {
 public:
  explicit Captioner(const CaptionOptions& options) : options_(options) {}

  /// `word`: the times are the stream's. Start times must not decrease.
  void push(const Word& word);
  /// Nobody speaks, or the stream ends: what is pending comes out.
  void flush();
  /// Where the caption that waits for more words begins; nothing where none does.
  std::optional<int64_t> pendingSinceNs() const;
  /// It has waited long enough: comes out up to its last comma or pause, or whole.
  void release();
  /// The next caption; nothing where more words are needed.
  std::optional<Caption> next();
  /// Nothing is pending.
  bool empty() const { return open_.empty() && ready_.empty(); }
  void reset();

 private:
  /// following: what is known to be said behind them; may be null.
  void closeSegment(size_t words, const Word* following);
  void lead(Caption& caption, std::optional<int64_t> nextStartNs);
  int64_t startNs(int64_t firstWordNs) const;
  std::vector<Caption> linesOf(const std::vector<Word>& words) const;
  bool mayCloseBefore(const Word& word) const;

  CaptionOptions options_;
  std::vector<Word> open_;  // the segment that grows
  std::deque<Caption> ready_;
  int64_t endNs_ = INT64_MIN;  // of the last caption
};

}  // namespace npuspeech
