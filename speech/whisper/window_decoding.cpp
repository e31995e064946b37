// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/window_decoding.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "speech/whisper/text_budget.h"

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
// Longest silence before the first and behind the last word of a window, and between two: it is cut where
// nobody speaks for 2 s, close to speech.
constexpr int64_t kLongestEdgeNs = 1'800'000'000, kLongestPauseNs = 2'600'000'000;
constexpr int64_t kSameReachNs = 500'000'000;
/// Live: a language that was heard for this long is kept.
constexpr int64_t kLanguageNs = 2'000'000'000;
/// Live: the shortest time that a token takes to say.
constexpr int64_t kFastestNs = 70'000'000;

}  // namespace

WindowDecoding::WindowDecoding(Decoder& decoder, const Vocabulary& vocabulary, StreamContext& stream,
                               std::shared_ptr<const CrossAttentionCache> cross, const LiveWindow& window,
                               FullContext fullContext)
    : decoder_(decoder),
      vocabulary_(vocabulary),
      stream_(stream),
      cross_(std::move(cross)),
      window_(window),
      fullContext_(std::move(fullContext)),
      rules_(vocabulary, kTimestamps) {
  if (stream_.options.live) start_ = stream_.text.begin(window_);
  if (stream_.language)
    begin();
  else if (isPartial() && !window_.isStalled && window_.durationNs < kLanguageNs)
    result_.emplace().neededFromNs = window_.startNs;
  else
    detecting_ = decoder_.start(cross_);
}

void WindowDecoding::begin() {
  std::vector<Token> previous = stream_.prompt;
  previous.insert(previous.end(), start_.context.begin(), start_.context.end());
  const TextBudget budget{static_cast<size_t>(decoder_.textContext())};
  const size_t kept = std::min(previous.size(), budget.previous(start_.forced.size()));
  Prompt prompt = makePrompt(vocabulary_, std::span(previous).last(kept), *stream_.language,
                             stream_.options.task, kTimestamps);
  SearchOptions options;
  options.beamSize = isPartial() ? 1 : stream_.options.beamSize;
  options.forced = start_.forced;
  options.guess = start_.guess;
  options.temperature = temperature_;
  options.minTokens = minTokens_;
  options.maxTokens = static_cast<int>(budget.text(prompt.tokens.size()));
  if (isPartial())  // nobody speaks faster: a loop, cut short
    options.maxTokens = std::min(
        options.maxTokens, 16 + static_cast<int>(options.forced.size() + window_.durationNs / kFastestNs));
  search_.emplace(decoder_, vocabulary_, rules_, cross_, std::move(prompt), options);
}

void WindowDecoding::addInputs(std::vector<Decoder::Input>& inputs) {
  if (done()) return;
  if (detecting_)
    inputs.push_back({detecting_.get(), vocabulary_.startOfTranscript(), true});
  else
    search_->addInputs(inputs);
}

size_t WindowDecoding::consume(size_t firstLogits) {
  if (done()) return firstLogits;
  if (detecting_) {
    if (detectLanguage(decoder_.logits(firstLogits)))
      begin();
    else
      fail();
    detecting_.reset();
    return firstLogits + 1;
  }
  const size_t next = search_->consume(decoder_, firstLogits);
  if (search_->isLost())
    fail();
  else if (search_->done())
    judge();
  return next;
}

size_t WindowDecoding::bytes(const CacheSizes& sizes) const {
  if (done()) return 0;
  return sizes.window(cross_->rows, cross_->audioRows, search_ ? search_->tokens() : 1);
}

void WindowDecoding::fail() {
  error_ = Error{ErrorCode::BadFile,
                 "The model computes values that are not numbers: its files are damaged, or not those of a "
                 "Whisper model. Fetch or convert the model again."};
}

Result<DecodedWindow> WindowDecoding::takeResult() {
  if (error_) return *std::move(error_);
  return *std::move(result_);
}

bool WindowDecoding::detectLanguage(std::span<const float> logits) {
  const Token first = vocabulary_.startOfTranscript() + 1;
  const auto begin = logits.begin() + first,
             end = begin + static_cast<std::ptrdiff_t>(vocabulary_.languages().size());
  const auto likeliest = std::max_element(begin, end) - begin;
  if (!std::isfinite(begin[likeliest])) return false;
  detectedHere_ = true;
  stream_.language = first + static_cast<Token>(likeliest);
  stream_.languageCode = vocabulary_.languages()[static_cast<size_t>(likeliest)];
  return true;
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

void WindowDecoding::measureUnheard(Try& text) const {
  int64_t end = 0;
  for (const ReadWord& read : text.words) {
    const Word& word = read.word;
    text.unheardNs +=
        std::max<int64_t>(0, word.startNs - end - (end == 0 ? kLongestEdgeNs : kLongestPauseNs));
    end = word.endNs;
  }
  text.unheardEndNs = std::max<int64_t>(0, window_.durationNs - end - kLongestEdgeNs);
  text.unheardNs += text.unheardEndNs;
}

void WindowDecoding::judge() {
  Try& current = tries_.emplace_back();
  current.hypothesis = std::move(search_->best());
  current.prompt = search_->prompt();
  current.noSpeech = search_->noSpeechProbability();
  current.notes = search_->noteProbability();
  current.averageLogProbability = current.hypothesis.averageLogProbability();
  // People may say again what was committed.
  current.compression = compressionRatio(vocabulary_, current.hypothesis.chosen());
  current.words = readWords(vocabulary_, current.hypothesis, current.prompt.tokens.size(),
                            current.prompt.startOfTranscript, decoder_.alignmentHeads(), stream_.languageCode,
                            window_.durationNs);
  // The caches are read no more, and take tens of megabytes where other tries follow.
  current.hypothesis.sequence.reset();
  search_.reset();
  measureUnheard(current);
  // Where few rows stand for the padding, an utterance of a second or two can seem to hold nothing.
  const bool isDone = current.holdsNoSpeech() ? !fullContext_ : current.isGood() && !current.leavesOut();
  if (isPartial() || isDone || !tryAgain()) finish();
}

bool WindowDecoding::tryAgain() {
  if (fullContext_) {
    const FullContext encode = std::exchange(fullContext_, nullptr);
    const int rows = cross_->rows;
    cross_.reset();  // not both at once
    cross_ = encode();
    if (cross_->rows > rows) {
      begin();
      return true;
    }
  }
  if (tries_.back().isGood()) return tries_.back().unheardEndNs > 0 && goOn();
  if (temperature_ + kTemperatureStep > kMaxTemperature + 0.01f) return false;
  temperature_ += kTemperatureStep;
  begin();
  return true;
}

// The same text, but it may not end where it ended; once.
bool WindowDecoding::goOn() {
  if (minTokens_ > 0 || temperature_ > 0) return false;
  minTokens_ = static_cast<int>(tries_.back().hypothesis.tokens.size()) + 1;
  begin();
  return true;
}

// Takes the first try that is good and reaches the window's end; else the one that reaches farthest of the
// good ones, or the likeliest one of those that do not repeat themselves.
void WindowDecoding::finish() {
  const auto better = [](const Try& a, const Try& b) {
    if (a.repeatsItself() != b.repeatsItself()) return b.repeatsItself();
    if (a.isGood() != b.isGood()) return a.isGood();
    if (a.isGood() && std::abs(a.unheardNs - b.unheardNs) > kSameReachNs) return a.unheardNs < b.unheardNs;
    return a.averageLogProbability > b.averageLogProbability;
  };
  Try& chosen = tries_.back().isGood() && !tries_.back().leavesOut()
                    ? tries_.back()
                    : *std::min_element(tries_.begin(), tries_.end(), better);

  result_.emplace();
  result_->language = stream_.languageCode;
  result_->averageLogProbability = chosen.averageLogProbability;
  result_->noSpeechProbability = chosen.noSpeech;
  if (stream_.options.live)
    finishLive(chosen);
  else if (!chosen.holdsNoSpeech())
    for (ReadWord& read : chosen.words) result_->words.push_back(std::move(read.word));
  tries_.clear();
}

void WindowDecoding::finishLive(Try& chosen) {
  LiveReading reading;
  reading.audioRows = cross_->audioRows;
  // The final window's text is the best there will be, even where it is no good.
  reading.isCertain = !chosen.holdsNoSpeech() && (window_.isFinal || chosen.isGood());
  const std::vector<Token>& tokens = chosen.hypothesis.tokens;
  for (ReadWord& read : chosen.words) {
    const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(read.firstToken);
    if (read.firstToken < start_.forced.size()) ++reading.forcedWords;
    reading.words.push_back({std::move(read.word),
                             {first, first + static_cast<std::ptrdiff_t>(read.tokenCount)},
                             read.firstRow,
                             read.lastRow});
  }
  LiveText::Update update = stream_.text.take(window_, std::move(reading));
  result_->words = std::move(update.committed);
  result_->interim = std::move(update.interim);
  result_->neededFromNs = update.neededFromNs;
  // What so little audio has told of the language is for itself only.
  if (stream_.options.language == "auto" && vocabulary_.multilingual() && window_.durationNs < kLanguageNs &&
      detectedHere_)
    stream_.language.reset();
}

}  // namespace npuspeech
