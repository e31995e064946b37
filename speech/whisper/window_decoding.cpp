// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/window_decoding.h"

#include <algorithm>

#include "speech/whisper/word_timing.h"

namespace npuspeech {
namespace {

// openai/whisper transcribe.py's defaults.
constexpr float kCompressionLimit = 2.4f, kLogProbabilityLimit = -1.0f, kNoSpeechLimit = 0.6f;
constexpr float kTemperatureStep = 0.2f, kMaxTemperature = 1.0f;
// Music: the note signs' probability at the first word, where this much no-speech is heard too. Set on one
// song (7 windows, 0.024 to 0.072) against 186 windows of speech with whisper-base: below 0.005, but for one
// that holds no words.
constexpr float kMusicNoSpeech = 0.2f, kMusicNotes = 0.02f;
constexpr bool kTimestamps = false;

}  // namespace

WindowDecoding::WindowDecoding(Decoder& decoder, const Vocabulary& vocabulary, StreamContext& stream,
                               std::shared_ptr<const CrossAttentionCache> cross, int64_t durationNs,
                               size_t alignmentHeads, FullContext fullContext)
    : decoder_(decoder),
      vocabulary_(vocabulary),
      stream_(stream),
      cross_(std::move(cross)),
      durationNs_(durationNs),
      alignmentHeads_(alignmentHeads),
      fullContext_(std::move(fullContext)),
      rules_(vocabulary, kTimestamps) {
  if (stream_.language)
    begin();
  else
    detecting_ = decoder_.start(cross_);
}

void WindowDecoding::begin() {
  Prompt prompt =
      makePrompt(vocabulary_, stream_.prompt, *stream_.language, stream_.options.task, kTimestamps);
  SearchOptions options;
  options.beamSize = stream_.options.beamSize;
  options.temperature = temperature_;
  const int context = decoder_.textContext();
  options.maxTokens =
      std::max(1, std::min(context / 2, context - static_cast<int>(prompt.tokens.size()) - 1));
  search_.emplace(decoder_, vocabulary_, rules_, cross_, std::move(prompt), options);
}

void WindowDecoding::addInputs(std::vector<Decoder::Input>& inputs) {
  if (detecting_)
    inputs.push_back({&*detecting_, vocabulary_.startOfTranscript(), true});
  else
    search_->addInputs(inputs);
}

size_t WindowDecoding::consume(size_t firstLogits) {
  if (detecting_) {
    detectLanguage(decoder_.logits(firstLogits));
    detecting_.reset();
    begin();
    return firstLogits + 1;
  }
  const size_t next = search_->consume(decoder_, firstLogits);
  if (search_->done()) judge();
  return next;
}

void WindowDecoding::detectLanguage(std::span<const float> logits) {
  const Token first = vocabulary_.startOfTranscript() + 1;
  const auto begin = logits.begin() + first,
             end = begin + static_cast<std::ptrdiff_t>(vocabulary_.languages().size());
  const auto likeliest = std::max_element(begin, end) - begin;
  stream_.language = first + static_cast<Token>(likeliest);
  stream_.languageCode = vocabulary_.languages()[static_cast<size_t>(likeliest)];
}

bool WindowDecoding::Try::repeatsItself() const {
  return hypothesis.looped || compression > kCompressionLimit;
}

bool WindowDecoding::Try::isUnlikely() const {
  return averageLogProbability < kLogProbabilityLimit;
}

bool WindowDecoding::Try::holdsNoSpeech() const {
  return (noSpeech > kNoSpeechLimit && isUnlikely()) || (noSpeech > kMusicNoSpeech && notes > kMusicNotes);
}

void WindowDecoding::judge() {
  Try& current = tries_.emplace_back();
  current.hypothesis = std::move(search_->best());
  current.prompt = search_->prompt();
  current.noSpeech = search_->noSpeechProbability();
  current.notes = search_->noteProbability();
  current.averageLogProbability = current.hypothesis.averageLogProbability();
  current.compression = compressionRatio(vocabulary_, current.hypothesis.tokens);
  if (current.holdsNoSpeech() || current.isGood() || !tryAgain()) finish();
}

bool WindowDecoding::tryAgain() {
  if (fullContext_) {
    const FullContext encode = std::exchange(fullContext_, nullptr);
    if (std::shared_ptr<const CrossAttentionCache> full = encode(); full && full->rows > cross_->rows) {
      cross_ = std::move(full);
      begin();
      return true;
    }
  }
  if (temperature_ + kTemperatureStep > kMaxTemperature + 0.01f) return false;
  temperature_ += kTemperatureStep;
  begin();
  return true;
}

// Takes the last try where it was good, else the likeliest one of those that do not repeat themselves.
void WindowDecoding::finish() {
  search_.reset();
  const auto better = [](const Try& a, const Try& b) {
    if (a.repeatsItself() != b.repeatsItself()) return b.repeatsItself();
    return a.averageLogProbability > b.averageLogProbability;
  };
  const Try& chosen =
      tries_.back().isGood() ? tries_.back() : *std::min_element(tries_.begin(), tries_.end(), better);

  result_.emplace();
  result_->language = stream_.languageCode;
  result_->averageLogProbability = chosen.averageLogProbability;
  result_->noSpeechProbability = chosen.noSpeech;
  if (!chosen.holdsNoSpeech())
    result_->words =
        timeWords(vocabulary_, chosen.hypothesis, chosen.prompt.tokens.size(),
                  chosen.prompt.startOfTranscript, alignmentHeads_, stream_.languageCode, durationNs_);
  tries_.clear();
}

}  // namespace npuspeech
