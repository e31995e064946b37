// SPDX-License-Identifier: LGPL-2.1-or-later
// Words joined to captions.
#include "transcript.h"

#include <string_view>

namespace {

constexpr int64_t kPauseNs = 1'000'000'000;
constexpr size_t kMaxCharacters = 84;  // two lines of 42, the usual width of subtitles

size_t characters(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += (c & 0xC0) != 0x80;
  return count;
}

bool endsSentence(std::string_view text) {
  for (const std::string_view mark : {".", "?", "!", "。", "？", "！"})
    if (text.ends_with(mark)) return true;
  return false;
}

bool belongsTo(const Segment& segment, const Word& word) {
  return !endsSentence(segment.text) && word.startNs - segment.endNs < kPauseNs &&
         characters(segment.text) + characters(word.text) < kMaxCharacters;
}

}  // namespace

void appendWord(std::vector<Segment>& segments, Word word) {
  if (segments.empty() || !belongsTo(segments.back(), word)) {
    segments.emplace_back();
    segments.back().startNs = word.startNs;
  }
  Segment& segment = segments.back();
  if (!segment.text.empty() && word.spaceBefore) segment.text += ' ';
  segment.text += word.text;
  segment.endNs = word.endNs;
  segment.words.push_back(std::move(word));
}
