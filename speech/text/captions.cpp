// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/text/captions.h"

#include <algorithm>
#include <array>
#include <span>

namespace npuspeech {
namespace {

using Words = std::span<const Word>;

/// Takes one code point off the front; a broken byte counts as itself.
char32_t takeCodePoint(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
  size_t used = 1;
  for (; used < length && used < text.size() && (byte(used) & 0xC0) == 0x80; ++used)
    point = point << 6 | (byte(used) & 0x3Fu);
  text.remove_prefix(used);
  return point;
}

/// The wide and fullwidth blocks of Unicode's East Asian Width (UAX #11), joined to ranges.
bool isWide(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr std::array<Range, 8> kWide{{{0x1100, 0x115F},
                                               {0x2E80, 0xA4CF},
                                               {0xAC00, 0xD7A3},
                                               {0xF900, 0xFAFF},
                                               {0xFE30, 0xFE6F},
                                               {0xFF00, 0xFF60},
                                               {0x1F300, 0x1FAFF},
                                               {0x20000, 0x3FFFD}}};
  return std::any_of(kWide.begin(), kWide.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

char32_t firstCodePoint(std::string_view text) {
  return text.empty() ? 0 : takeCodePoint(text);
}

/// Whether a line or a segment may begin with `word`.
bool mayBreakBefore(const Word& word) {
  return word.spaceBefore || isWide(firstCodePoint(word.text));
}

int columns(Words words) {
  int total = 0;
  for (size_t i = 0; i < words.size(); ++i)
    total += textColumns(words[i].text) + (i > 0 && words[i].spaceBefore ? 1 : 0);
  return total;
}

std::string_view withoutClosingMarks(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kClosing{"\"", "'", ")", "]", "”", "’", "»", "」"};
  for (bool removed = true; removed;) {
    removed = false;
    for (const auto mark : kClosing)
      if (text.ends_with(mark)) text.remove_suffix(mark.size()), removed = true;
  }
  return text;
}

bool isAbbreviation(std::string_view word) {
  static constexpr std::array<std::string_view, 16> kTitles{"Mr.",  "Mrs.", "Ms.", "Dr.", "Prof.", "St.",
                                                            "Jr.",  "Sr.",  "vs.", "No.", "Mt.",   "Gen.",
                                                            "Col.", "Sgt.", "Lt.", "Rev."};
  if (std::find(kTitles.begin(), kTitles.end(), word) != kTitles.end()) return true;
  // Initials: "J.", "U.S."
  return word.size() >= 2 && (word.size() == 2 || word[word.size() - 3] == '.') &&
         word[word.size() - 2] >= 'A' && word[word.size() - 2] <= 'Z';
}

bool endsSentence(const Word& word, const Word& following) {
  const auto text = withoutClosingMarks(word.text);
  static constexpr std::array<std::string_view, 6> kAlways{"?", "!", "。", "！", "？", "।"};
  for (const auto mark : kAlways)
    if (text.ends_with(mark)) return true;
  if (!text.ends_with(".") && !text.ends_with("…")) return false;
  const char32_t first = firstCodePoint(following.text);
  return !(first >= 'a' && first <= 'z') && !isAbbreviation(text);
}

bool endsClause(const Word& word) {
  static constexpr std::array<std::string_view, 6> kMarks{",", ";", ":", "、", "，", "–"};
  return std::any_of(kMarks.begin(), kMarks.end(), [&](auto mark) { return word.text.ends_with(mark); });
}

/// How many words to cut off the front of a segment that has grown too long: up to the best pause or comma
/// behind its first third.
size_t bestCut(Words words, int64_t minNs) {
  // A comma is worth as much as this much silence.
  constexpr int64_t kClauseNs = 400'000'000;
  size_t best = words.size();
  int64_t bestScore = -1;
  for (size_t i = std::max<size_t>(1, words.size() / 3); i < words.size(); ++i) {
    if (!mayBreakBefore(words[i]) || words[i].startNs - words[0].startNs < minNs) continue;
    const int64_t score = words[i].startNs - words[i - 1].endNs + (endsClause(words[i - 1]) ? kClauseNs : 0);
    if (score >= bestScore) best = i, bestScore = score;
  }
  return best;
}

/// Fills lines of at most `width` columns, in order; returns where each begins. A longer word has a line of
/// its own.
std::vector<size_t> fillLines(Words words, int width) {
  std::vector<size_t> starts{0};
  int used = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    size_t unit = i + 1;  // with what must follow it on the same line
    while (unit < words.size() && !mayBreakBefore(words[unit])) ++unit;
    const int space = used > 0 && words[i].spaceBefore ? 1 : 0;
    const int wide = columns(words.subspan(i, unit - i));
    if (used > 0 && used + space + wide > width) {
      starts.push_back(i);
      used = wide;
    } else {
      used += space + wide;
    }
    i = unit - 1;
  }
  return starts;
}

/// As few lines as `width` allows, then as equal as that many lines can be.
std::vector<size_t> balancedLines(Words words, int width) {
  auto starts = fillLines(words, width);
  for (int narrower = width - 1; narrower > 0; --narrower) {
    auto tried = fillLines(words, narrower);
    const bool tooWide = columns(words) > narrower * static_cast<int>(tried.size());
    if (tried.size() > starts.size() || tooWide) break;
    starts = std::move(tried);
  }
  return starts;
}

Caption captionOf(Words words) {
  Caption caption{words.front().startNs, words.back().endNs, {}, 0, {words.begin(), words.end()}};
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && words[i].spaceBefore) caption.text += ' ';
    caption.text += words[i].text;
    caption.confidence += words[i].probability / static_cast<float>(words.size());
  }
  return caption;
}

/// Those that follow each other too fast to be read take time from the one before.
void keepReadable(std::span<Caption> captions, int64_t minNs) {
  for (size_t i = captions.size(); i-- > 1;) {
    const int64_t earliest = captions[0].startNs + static_cast<int64_t>(i) * minNs;
    captions[i].startNs = std::min(captions[i].startNs, std::max(earliest, captions[i].endNs - minNs));
    captions[i - 1].endNs = std::min(captions[i - 1].endNs, captions[i].startNs);
  }
}

void appendLine(Caption& caption, const Caption& line, size_t linesBefore) {
  const auto count = static_cast<float>(linesBefore);
  caption.text += "\n" + line.text;
  caption.endNs = line.endNs;
  caption.confidence = (caption.confidence * count + line.confidence) / (count + 1);
  caption.words.insert(caption.words.end(), line.words.begin(), line.words.end());
}

}  // namespace

int textColumns(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const char32_t c = takeCodePoint(text);
    const bool combining = c >= 0x300 && c <= 0x36F;
    columns += combining ? 0 : isWide(c) ? 2 : 1;
  }
  return columns;
}

void Captioner::push(const Word& word) {
  if (options_.granularity == Granularity::Word) {
    ready_.push_back(captionOf({&word, 1}));
    return;
  }
  if (!open_.empty() && mayCloseBefore(word)) closeSegment(open_.size(), &word);
  open_.push_back(word);
  while (open_.size() > 1 && (columns(open_) > 2 * options_.lineLength ||
                              open_.back().endNs - open_.front().startNs > options_.maxNs)) {
    const size_t cut = bestCut(open_, options_.minNs);
    if (cut == open_.size()) break;
    closeSegment(cut, &open_[cut]);
  }
}

bool Captioner::mayCloseBefore(const Word& word) const {
  if (word.startNs - open_.back().endNs >= options_.pauseNs) return true;
  return mayBreakBefore(word) && endsSentence(open_.back(), word) &&
         word.startNs - open_.front().startNs >= options_.minNs;
}

void Captioner::flush() {
  closeSegment(open_.size(), nullptr);
}

std::optional<int64_t> Captioner::pendingSinceNs() const {
  if (open_.empty()) return {};
  return startNs(open_.front().startNs);
}

void Captioner::release() {
  constexpr int64_t kPauseNs = 200'000'000;
  const auto isBreak = [&](size_t i) {
    return mayBreakBefore(open_[i]) && open_[i].startNs - open_.front().startNs >= options_.minNs &&
           (endsClause(open_[i - 1]) || open_[i].startNs - open_[i - 1].endNs >= kPauseNs);
  };
  for (size_t cut = open_.size(); cut-- > (open_.size() + 1) / 2;)
    if (cut > 0 && isBreak(cut)) return closeSegment(cut, &open_[cut]);
  flush();
}

void Captioner::closeSegment(size_t count, const Word* following) {
  if (count == 0) return;
  const std::vector<Word> words(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<Caption> captions;
  if (options_.granularity == Granularity::Segment)
    captions.push_back(captionOf(words));
  else
    captions = linesOf(words);
  keepReadable(captions, options_.minNs);
  for (size_t i = 0; i < captions.size(); ++i) {
    const bool isLast = i + 1 == captions.size();
    std::optional<int64_t> next;
    if (!isLast) next = captions[i + 1].startNs;
    if (isLast && following) next = following->startNs;
    lead(captions[i], next);
    ready_.push_back(std::move(captions[i]));
  }
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
}

/// Where a caption begins whose first word begins there.
int64_t Captioner::startNs(int64_t firstWordNs) const {
  return std::min(firstWordNs, std::max(firstWordNs - options_.leadNs, endNs_));
}

void Captioner::lead(Caption& caption, std::optional<int64_t> nextStartNs) {
  caption.startNs = startNs(caption.startNs);
  if (nextStartNs)
    caption.endNs =
        std::min(caption.endNs, std::max(*nextStartNs - options_.leadNs, caption.startNs + options_.minNs));
  endNs_ = caption.endNs;
}

std::vector<Caption> Captioner::linesOf(const std::vector<Word>& words) const {
  const auto starts = balancedLines(words, options_.lineLength);
  const auto perCaption = static_cast<size_t>(std::max(1, options_.linesPerCaption));
  std::vector<Caption> captions;
  for (size_t line = 0; line < starts.size(); ++line) {
    const size_t end = line + 1 < starts.size() ? starts[line + 1] : words.size();
    const Caption caption = captionOf(Words(words).subspan(starts[line], end - starts[line]));
    if (line % perCaption == 0)
      captions.push_back(caption);
    else
      appendLine(captions.back(), caption, line % perCaption);
  }
  return captions;
}

std::optional<Caption> Captioner::next() {
  if (ready_.empty()) return {};
  Caption caption = std::move(ready_.front());
  ready_.pop_front();
  return caption;
}

void Captioner::reset() {
  open_.clear();
  ready_.clear();
  endNs_ = INT64_MIN;
}

}  // namespace npuspeech
