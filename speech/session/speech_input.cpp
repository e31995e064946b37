// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/session/speech_input.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "speech/audio/log_mel.h"
#include "speech/audio/silero_vad.h"

namespace npuspeech {
namespace {

constexpr size_t kRate = LogMel::kSampleRate;
constexpr int64_t kNsPerSample = LogMel::kNsPerSample;
/// Behind so much silence some of what comes can be left out: too little to hide that speech begins.
constexpr int64_t kQuietEnoughNs = 200'000'000;
/// One part in so many may be left out.
constexpr size_t kSpare = 4;
constexpr std::array<float, kRate> kSilence{};

static_assert(AudioRun::kLongestSilenceNs <= static_cast<int64_t>(kSilence.size()) * kNsPerSample);

}  // namespace

void SpeechInput::start(std::shared_ptr<const SileroWeights> vad) {
  vad_ = std::move(vad);
  reset();
}

void SpeechInput::stop() {
  windower_.reset();
  run_.stop();
  kept_.clear();
  vad_.reset();
}

void SpeechInput::reset() {
  run_.stop();
  run_.moveTo(0);
  kept_.clear();
  feedback_.reset();
  hasStalled_ = false;
  goesOn_ = true;
}

void SpeechInput::forgetWindower() {
  if (windower_) firstUtterance_ = windower_->nextUtterance();
  windower_.reset();
}

// Windows and gaps

/// Hands on what the windower has ready.
void SpeechInput::pushReady() {
  while (goesOn_) {
    const auto next = windower_->next();
    if (!next) break;
    if (const auto* gap = std::get_if<AudioGap>(&*next)) {
      goesOn_ = receiver_.takeGap(jump_.timeOf(gap->startNs), gap->durationNs);
    } else {
      const auto& window = std::get<AudioWindow>(*next);
      if (!window.isFinal) feedback_.pushed(*windower_, receiver_.nowNs());
      goesOn_ = receiver_.takeWindow(*windower_, window, jump_);
      if (!receiver_.takesPartial()) windower_->holdPartial(true);
    }
  }
  run_.shift(windower_->takeStretched());
}

bool SpeechInput::drain() {
  goesOn_ = true;
  endRun();
  return goesOn_;
}

void SpeechInput::endRun() {
  if (!run_.isOn()) return;
  settle();
  fillGap({});
  if (!goesOn_) return;
  run_.stop();
  windower_->drain();
  pushReady();
}

/// Pushes a second at a time, so that the windows of a long buffer come out one after the other.
void SpeechInput::pushAudio(std::span<const float> samples) {
  while (goesOn_ && !samples.empty()) {
    const auto part = samples.first(std::min(samples.size(), kRate));
    samples = samples.subspan(part.size());
    feedback_.apply(*windower_, receiver_.nowNs(), [this](int64_t ns) { return receiver_.positionOf(ns); });
    if (!receiver_.takesPartial()) windower_->holdPartial(true);
    windower_->push(part);
    run_.add(part.size());
    pushReady();
  }
}

/// Pushes sound that was heard, not put in. While the run waits for a pause, it goes on frame by frame,
/// because the pause may be short.
void SpeechInput::pushHeard(std::span<const float> samples) {
  while (goesOn_ && !samples.empty()) {
    const size_t most = isLive_ && run_.lastingNs() > 0 ? SileroVad::kFrame : samples.size();
    const auto part = samples.first(std::min(samples.size(), most));
    samples = samples.subspan(part.size());
    pushAudio(part);
    if (goesOn_) mend();
  }
}

/// Pushes silence, at most AudioRun::kLongestSilenceNs of it.
void SpeechInput::pushSilence(int64_t durationNs) {
  const auto count = std::min(static_cast<size_t>(durationNs / kNsPerSample), kSilence.size());
  pushAudio(std::span(kSilence).first(count));
}

/// Pushes the silence that gaps have announced, as far as what comes next, at `nextAtNs`, does not deny it.
void SpeechInput::fillGap(std::optional<int64_t> nextAtNs) {
  if (!goesOn_) return;
  if (const int64_t silence = run_.takeAnnounced(nextAtNs); silence > 0) pushSilence(silence);
}

void SpeechInput::pushKept() {
  keptFrom_ = run_.endNs();
  mend();
  std::span<const float> rest = kept_;
  for (const AudioRun::Kept& kept : run_.kept()) {
    if (goesOn_ && kept.silenceNs > 0) pushSilence(kept.silenceNs);
    if (goesOn_) pushHeard(rest.first(kept.samples));
    rest = rest.subspan(kept.samples);
  }
  kept_.clear();
}

/// Decides about the sound that is kept back, and pushes it.
void SpeechInput::settle() {
  if (!run_.isKeeping()) return;
  place(run_.settle());
  if (goesOn_) pushKept();
}

void SpeechInput::startRun(int64_t atNs) {
  if (!windower_) {
    Windower::Options options = receiver_.windowOptions();
    options.firstUtterance = firstUtterance_;
    isLive_ = options.live;
    windower_ = std::make_unique<Windower>(options, vad_);
  }
  run_.start(atNs, isLive_);
  jump_ = {};
  keptFrom_.reset();
  receiver_.beginRun();
  feedback_.reset();
  windower_->reset(run_.endNs());
}

// Where the audio stands

/// Does what is needed before sound is pushed: fills what is missing with silence, or starts a new run.
void SpeechInput::place(const AudioRun::Next& next) {
  if (!next.isBreak) {
    if (next.silenceNs > 0) pushSilence(next.silenceNs);
    return;
  }
  int64_t end = run_.endNs();
  logf(LogLevel::Debug, "A new run of audio begins at %.3f s instead of %.3f s.",
       static_cast<double>(next.startNs) * 1e-9, static_cast<double>(end) * 1e-9);
  endRun();
  end = jump_.timeOf(end);
  if (goesOn_ && next.startNs > end) goesOn_ = receiver_.takeGap(end, next.startNs - end);
  if (goesOn_) startRun(next.startNs);
}

bool SpeechInput::push(std::span<const float> samples, std::optional<int64_t> atNs, bool isDiscont) {
  goesOn_ = true;
  if (!run_.isOn()) startRun(atNs && AudioRun::isTime(*atNs) ? *atNs : run_.endNs());
  fillGap(atNs);
  const AudioRun::Sound sound{atNs, samples.size(), isDiscont};
  for (bool isPlaced = false; goesOn_ && !isPlaced;) {
    const AudioRun::Next next = run_.next(sound);
    if (next.isKept) {
      kept_.insert(kept_.end(), samples.begin(), samples.end());
      return true;
    }
    place(next);
    if (goesOn_ && next.isKnown) pushKept();
    isPlaced = !next.isKnown;
  }
  hasStalled_ = false;
  if (goesOn_) pushHeard(samples.subspan(spare(samples.size())));
  return goesOn_;
}

/// The jump of the clock by `lastingNs`. One that is known already stays where it began, because text behind
/// it may be out.
ClockJump SpeechInput::jumpBy(int64_t lastingNs) const {
  if (jump_.byNs > 0) return {jump_.atNs, lastingNs};
  return {std::min(keptFrom_.value_or(run_.endNs()), run_.endNs()), lastingNs};
}

/// Makes the run follow timestamps that deviate for good. Clocks drift, and sound goes missing unseen: then
/// pauses between utterances become longer or shorter. A source that froze, and goes on with its clock's
/// time, looks as if much were missing, but may have lost nothing. To start a new run at once would cut a
/// word in two, so it waits for a pause or, if nobody pauses, for the moment that is least like speech.
void SpeechInput::mend() {
  const int64_t lasting = run_.lastingNs();
  const bool isLong = lasting > AudioRun::kLongestSilenceNs;
  const auto breakThere = [&] { place({.isBreak = true, .startNs = run_.endNs() + lasting}); };
  windower_->stretchPauses(0);
  if (isLive_) jump_ = isLong ? jumpBy(lasting) : ClockJump{};
  if (lasting == 0) return;
  if (lasting > 0 && isLive_) {
    if (windower_->quietNs() == 0 && !(isLong && windower_->isLull())) return;
    if (isLong) return breakThere();
    run_.mended(lasting);
    return pushSilence(lasting);
  }
  if (lasting < -AudioRun::kLongestSilenceNs && isLive_) {
    if (windower_->isBetweenUtterances()) breakThere();
    return;
  }
  windower_->stretchPauses(lasting);
}

/// Returns how many of the next samples are left out, live, to make a run shorter that is behind its
/// timestamps. That is for people who hardly pause between utterances: where nobody has spoken for a while
/// within one, a part of what comes will not be missed.
size_t SpeechInput::spare(size_t samples) {
  const int64_t lasting = run_.lastingNs();
  if (!isLive_ || lasting >= 0 || windower_->quietNs() < kQuietEnoughNs) return 0;
  const size_t count = std::min(static_cast<size_t>(-lasting / kNsPerSample), samples / kSpare);
  run_.mended(-static_cast<int64_t>(count) * kNsPerSample);
  return count;
}

bool SpeechInput::takeGap(std::optional<int64_t> startNs, std::optional<int64_t> durationNs) {
  goesOn_ = true;
  settle();
  fillGap(startNs);
  if (!goesOn_) return true;
  if (run_.announce(startNs, durationNs)) {
    if (run_.announcedNs() > 0) hasStalled_ = false;
    return true;
  }
  endRun();
  if (startNs && AudioRun::isTime(*startNs)) {
    const bool isKnown = durationNs && AudioRun::isTime(*durationNs);
    run_.moveTo(isKnown ? *startNs + *durationNs : std::max(*startNs, run_.endNs()));
  }
  return false;
}

bool SpeechInput::stall() {
  goesOn_ = true;
  const bool isFirst = !std::exchange(hasStalled_, true);
  if (!run_.isOn()) return isFirst;
  logf(LogLevel::Debug, "The source has stalled at %.3f s.", static_cast<double>(run_.endNs()) * 1e-9);
  if (isFirst) {
    settle();
    fillGap({});
  } else {
    endRun();
  }
  if (goesOn_ && isFirst) {
    windower_->stall();
    pushReady();
  }
  if (goesOn_) goesOn_ = receiver_.takeGap(jump_.timeOf(run_.endNs()), std::nullopt);
  return isFirst;
}

}  // namespace npuspeech
