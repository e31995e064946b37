// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/stream/live_text.h"

#include <algorithm>
#include <numeric>

namespace npuspeech {
namespace {

bool hasLetters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
  });
}

/// Where a character was cut, Utf8Joiner has put U+FFFD.
bool isCut(const std::string& text) {
  return text.ends_with("\xEF\xBF\xBD");
}

/// In seconds of pause.
float pauseWeight(const std::string& text) {
  if (text.ends_with('.') || text.ends_with('?') || text.ends_with('!') || text.ends_with("。")) return 0.6f;
  return text.ends_with(',') || text.ends_with(';') || text.ends_with(':') ? 0.2f : 0.0f;
}

}  // namespace

void LiveText::reset() {
  words_.clear();
  context_.clear();
  guess_.clear();
  lastInterim_.clear();
  committedUntilNs_ = INT64_MIN;
}

void LiveText::scroll(size_t count) {
  for (size_t i = 0; i < count; ++i)
    context_.insert(context_.end(), words_[i].tokens.begin(), words_[i].tokens.end());
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(count));
  if (context_.size() > options_.contextTokens)
    context_.erase(context_.begin(), context_.end() - static_cast<std::ptrdiff_t>(options_.contextTokens));
}

LiveText::Start LiveText::begin(const LiveWindow& window) {
  if (window.utterance != utterance_) {
    guess_.clear();
    lastInterim_.clear();
    // Audio is missing before this utterance. What it repeats is no loop, and its time may begin anew.
    if (window.utterance != utterance_ + 1) reset();
    utterance_ = window.utterance;
  }
  size_t gone = 0, tokens = 0;
  while (gone < words_.size() && std::midpoint(words_[gone].startNs, words_[gone].endNs) <= window.startNs)
    ++gone;
  for (size_t i = gone; i < words_.size(); ++i) tokens += words_[i].tokens.size();
  for (; tokens > maxForced_; ++gone) tokens -= words_[gone].tokens.size();
  scroll(gone);

  Start start{context_, {}, guess_};
  for (const Committed& word : words_)
    start.forced.insert(start.forced.end(), word.tokens.begin(), word.tokens.end());
  return start;
}

bool LiveText::agrees(const LiveReading& reading, size_t word) const {
  const size_t index = word - reading.forcedWords;
  return index < lastInterim_.size() && lastInterim_[index] == reading.words[word].word.text;
}

// How many of the reading's words stay.
size_t LiveText::certainWords(const LiveReading& reading) const {
  const std::vector<LiveWord>& words = reading.words;
  size_t certain = reading.forcedWords;
  int before = certain > 0 ? words[certain - 1].lastRow : 0;
  // The last word may not be over: it is not certain until another one follows.
  for (; certain + 1 < words.size(); ++certain) {
    const LiveWord& word = words[certain];
    const int ahead = reading.audioRows - word.lastRow;
    const bool isSure = ahead > options_.marginRows ||
                        (ahead > options_.sureMarginRows &&
                         word.word.probability >= options_.sureProbability && agrees(reading, certain));
    if (!isSure || word.firstRow + options_.rewindRows < before || isCut(word.word.text)) break;
    before = word.lastRow;
  }
  return certain;
}

// All words but the last one, if the end of the audio may have cut it.
size_t LiveText::wholeWords(const LiveReading& reading) const {
  const std::vector<LiveWord>& words = reading.words;
  if (words.size() <= reading.forcedWords) return reading.forcedWords;
  const bool isWhole = reading.audioRows - words.back().lastRow > options_.sureMarginRows;
  return isWhole ? words.size() : words.size() - 1;
}

// A later window may see a word a little before the one that came out before it: time does not go back.
void LiveText::commit(const LiveWindow& window, LiveWord& word) {
  Committed& committed = words_.emplace_back();
  committed.startNs = std::max(window.startNs + word.word.startNs, committedUntilNs_);
  committed.endNs = std::max(window.startNs + word.word.endNs, committed.startNs);
  word.word.startNs = committed.startNs - window.startNs;
  word.word.endNs = committed.endNs - window.startNs;
  committed.tokens = word.tokens;
  committed.pauseWeight = pauseWeight(word.word.text);
  committedUntilNs_ = committed.endNs;
}

LiveText::Update LiveText::take(const LiveWindow& window, LiveReading reading) {
  Update update;
  const size_t forced = reading.forcedWords = std::min(reading.forcedWords, reading.words.size());
  size_t certain = forced;
  const bool isTooShort = forced == 0 && window.durationNs < options_.firstNs;
  if (reading.isCertain && window.isFinal)
    certain = reading.words.size();
  else if (reading.isCertain && window.isStalled)
    certain = wholeWords(reading);
  else if (reading.isCertain && !isTooShort)
    certain = certainWords(reading);
  for (size_t i = forced; i < certain; ++i) {
    LiveWord& word = reading.words[i];
    commit(window, word);
    // A punctuation mark of a word that is out already is told to the model, but comes too late for the
    // reader.
    if (i == forced && forced > 0 && !hasLetters(word.word.text)) continue;
    update.committed.push_back(word.word);
  }
  guess_.clear();
  lastInterim_.clear();
  if (reading.isCertain)
    for (size_t i = certain; i < reading.words.size(); ++i) {
      guess_.insert(guess_.end(), reading.words[i].tokens.begin(), reading.words[i].tokens.end());
      lastInterim_.push_back(reading.words[i].word.text);
      update.interim.push_back(std::move(reading.words[i].word));
    }
  // A final window that could not be read, and of which nothing is committed, is read again with what
  // follows.
  const bool isUnread = window.isFinal && !reading.isCertain && words_.empty();
  if (window.isFinal && !reading.isCertain) reset();  // no context from what went wrong
  const bool isThrough = window.isFinal && words_.empty() && !isUnread;
  update.neededFromNs = isThrough ? window.startNs + window.durationNs : neededFrom(window);
  return update;
}

// Chooses a place between two committed words, if possible at a pause or at the end of a sentence. The
// committed words behind it lead the decoder into the rest.
int64_t LiveText::neededFrom(const LiveWindow& window) const {
  if (window.durationNs <= options_.trimNs) return window.startNs;
  const int64_t latest = window.startNs + window.durationNs - options_.keepNs;
  int64_t cut = window.startNs;
  float best = -1e9f;
  for (size_t i = 0; i + 1 < words_.size(); ++i) {
    const Committed &word = words_[i], &following = words_[i + 1];
    const int64_t middle = std::midpoint(word.endNs, following.startNs);
    if (middle <= window.startNs || middle > latest) continue;
    const float pause = static_cast<float>(following.startNs - word.endNs) * 1e-9f;
    const float score =
        std::min(pause, 0.6f) + word.pauseWeight + 0.1f * static_cast<float>(middle - window.startNs) * 1e-9f;
    if (score > best) best = score, cut = middle;
  }
  return cut;
}

}  // namespace npuspeech
