// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/local_agreement.h"

#include <algorithm>

namespace npuspeech::bench {
namespace {

// whisper_online.py (commit 1f25a1a): HypothesisBuffer and OnlineASRProcessor.
constexpr int64_t kSlackNs = 100'000'000, kNearNs = 1'000'000'000, kTrimNs = 15'000'000'000;
constexpr size_t kLongestRepeat = 5, kPromptBytes = 200;

bool endsSentence(const std::string& text) {
  return text.ends_with('.') || text.ends_with('?') || text.ends_with('!');
}

bool sameText(const Word& a, const Word& b) {
  return a.text == b.text;
}

/// How many words at the start of `words` repeat the end of `said`.
size_t repeated(const std::vector<Word>& said, const std::vector<Word>& words) {
  for (size_t n = 1; n <= std::min({kLongestRepeat, said.size(), words.size()}); ++n)
    if (std::equal(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n),
                   said.end() - static_cast<std::ptrdiff_t>(n), sameText))
      return n;
  return 0;
}

}  // namespace

void LocalAgreement::forget(int64_t untilNs) {
  const auto kept =
      std::find_if(committed_.begin(), committed_.end(), [&](const Word& w) { return w.endNs > untilNs; });
  for (auto word = committed_.begin(); word != kept; ++word) prompt_ += ' ' + word->text;
  committed_.erase(committed_.begin(), kept);
  if (prompt_.size() > kPromptBytes) {
    const size_t cut = prompt_.find(' ', prompt_.size() - kPromptBytes);
    prompt_.erase(0, std::min(cut, prompt_.size()));
  }
}

DecodedWindow LocalAgreement::take(const AudioWindow& window, const std::vector<Word>& read) {
  forget(window.startNs);
  std::vector<Word> words;
  for (Word word : read) {
    word.startNs += window.startNs;
    word.endNs += window.startNs;
    if (word.startNs > committedUntilNs_ - kSlackNs) words.push_back(std::move(word));
  }
  if (!words.empty() && words.front().startNs < committedUntilNs_ + kNearNs)
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(repeated(committed_, words)));
  auto agreed = std::mismatch(words.begin(), words.end(), before_.begin(), before_.end(), sameText).first;
  if (window.isFinal) agreed = words.end();
  before_.assign(agreed, words.end());
  words.erase(agreed, words.end());
  if (!words.empty()) committedUntilNs_ = words.back().endNs;
  committed_.insert(committed_.end(), words.begin(), words.end());

  DecodedWindow update;
  update.neededFromNs = window.startNs;
  update.words = std::move(words);
  update.interim = before_;
  for (std::vector<Word>* list : {&update.words, &update.interim})
    for (Word& word : *list) {
      word.startNs -= window.startNs;
      word.endNs -= window.startNs;
    }
  // Whisper's segments end at sentences; the one before the last that is committed whole ends the audio that
  // goes.
  if (window.durationNs > kTrimNs && !committed_.empty()) {
    update.neededFromNs = committed_.back().endNs;
    size_t ends = 0;
    for (size_t i = committed_.size(); i-- > 0;)
      if (endsSentence(committed_[i].text) && ++ends == 2) update.neededFromNs = committed_[i].endNs;
  }
  if (window.isFinal) {
    forget(INT64_MAX);
    update.neededFromNs = window.startNs + window.durationNs;
  }
  return update;
}

}  // namespace npuspeech::bench
