// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/audio/audio_run.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "speech/audio/log_mel.h"

namespace npuspeech {
namespace {

/// Timestamps are rounded, to milliseconds by some and by some to their own idea of a buffer.
constexpr int64_t kRoundingNs = 5'000'000;

/// Packets are at least some milliseconds long: what would be kept longer has no end.
constexpr size_t kMostKept = 10000;

int64_t durationOf(uint64_t samples) {
  return static_cast<int64_t>(samples) * LogMel::kNsPerSample;
}

}  // namespace

void AudioRun::start(int64_t at, bool isLive) {
  isOn_ = true;
  isLive_ = isLive;
  moveTo(at);
}

void AudioRun::moveTo(int64_t at) {
  startNs_ = isTime(at) ? at : 0;
  samples_ = keptSamples_ = 0;
  isKeeping_ = false;
  lastAt_.reset();
  lastSamples_ = 0;
  deviation_.reset();
  announcedNs_ = 0;
  isGapBefore_ = false;
}

int64_t AudioRun::endNs() const {
  return startNs_ + durationOf(samples_);
}

int64_t AudioRun::deviationOf(int64_t at) const {
  return at - endNs() - durationOf(keptSamples_);
}

AudioRun::Next AudioRun::next(const Sound& sound) {
  if (isKeeping()) return nextKept(sound);
  const bool isDiscont = std::exchange(isGapBefore_, false) || sound.isDiscont;
  if (!sound.atNs || !isTime(*sound.atNs)) return {};
  const int64_t at = *sound.atNs;
  const int64_t deviation = deviationOf(at);
  if (deviation < -kLongestSilenceNs && lastAt_ && *lastAt_ - at > kLongestSilenceNs)
    return isDiscont ? breakAt(at) : keepFirst(sound, -kLongestSilenceNs, deviation);
  // What is later than anything has been for a while has a hole before it, or is only late itself.
  const int64_t usual = std::max<int64_t>(deviation_.most(), 0);
  const int64_t hole = deviation - usual;
  if (hole <= kRoundingNs) return accept(sound, deviation);
  if ((hole > kFarthestNs && !isLive_) || (isDiscont && hole > kLongestSilenceNs)) return breakAt(at);
  if (isDiscont) return accept(sound, deviation, hole);
  const int64_t jitter = isLive_ ? std::max(kJitterNs, deviation_.most() - deviation_.least())
                                 : kRoundingNs + durationOf(lastSamples_) / 20;
  return hole <= jitter ? accept(sound, deviation) : keepFirst(sound, usual, hole);
}

AudioRun::Next AudioRun::accept(const Sound& sound, int64_t deviation, int64_t silence) {
  deviation_.add(*sound.atNs, deviation - silence);
  lastAt_ = sound.atNs;
  lastSamples_ = sound.samples;
  return {.silenceNs = silence};
}

AudioRun::Next AudioRun::keepFirst(const Sound& sound, int64_t usual, int64_t jump) {
  isKeeping_ = true;
  kept_.clear();
  keptAt_ = *sound.atNs;
  usual_ = usual;
  mostJump_ = leastJump_ = jump;
  drop_ = 0;
  return keep(sound.atNs, sound.samples, jump);
}

AudioRun::Next AudioRun::keep(std::optional<int64_t> at, size_t samples, int64_t jump) {
  kept_.push_back({samples, jump});
  keptSamples_ += samples;
  lastAt_ = at;
  lastSamples_ = samples;
  return {.isKept = true};
}

AudioRun::Next AudioRun::nextKept(const Sound& sound) {
  const bool isLong = durationOf(keptSamples_) > kFarthestNs || kept_.size() > kMostKept;
  const bool hasTime = sound.atNs && isTime(*sound.atNs);
  if (!hasTime && !isLong) return keep(lastAt_, sound.samples, kept_.back().jumpNs);
  if (isLong || sound.isDiscont) return release(false);
  const int64_t deviation = deviationOf(*sound.atNs);
  const bool isAhead = leastJump_ > 0;
  const int64_t jump = isAhead ? deviation - usual_ : deviation;
  if (isAhead ? jump <= (isLive_ ? kJitterNs / 2 : kRoundingNs) : deviation >= usual_) return release(true);
  leastJump_ = isAhead ? std::min(leastJump_, jump) : std::max(leastJump_, jump);
  mostJump_ = std::max(mostJump_, jump);
  drop_ = std::max(drop_, mostJump_ - jump);
  const bool lasts = *sound.atNs - keptAt_ >= kLastingNs;
  return lasts ? release(false) : keep(sound.atNs, sound.samples, jump);
}

AudioRun::Next AudioRun::release(bool hasReturned) {
  const bool isAhead = leastJump_ > 0, isShort = isAhead && leastJump_ <= kLongestSilenceNs;
  isKeeping_ = false;
  keptSamples_ = 0;
  // Sound that is lost is gone at once; what is only late is so by this much and by that.
  if (hasReturned || (isShort && drop_ > kToleratedNs)) {
    if (isAhead) deviation_.add(keptAt_, usual_ + mostJump_);
    return {.isKnown = true};
  }
  if (isShort) {
    fillKept();
    return {.isKnown = true};
  }
  if (isAhead && isLive_) {
    deviation_.set(*lastAt_, usual_ + leastJump_, usual_ + mostJump_, usual_ + kept_.back().jumpNs);
    return {.isKnown = true};
  }
  return {.isKnown = true, .isBreak = true, .startNs = std::max<int64_t>(endNs() + leastJump_, 0)};
}

/// Before each piece, what all behind it have in common beyond the one before.
void AudioRun::fillKept() {
  int64_t sure = mostJump_;
  for (auto piece = kept_.rbegin(); piece != kept_.rend(); ++piece)
    piece->jumpNs = sure = std::min(sure, piece->jumpNs);
  int64_t filled = 0;
  for (Kept& piece : kept_) {
    piece.silenceNs = std::min(piece.jumpNs - filled, kLongestSilenceNs);
    filled += piece.silenceNs;
  }
}

AudioRun::Next AudioRun::settle() {
  return isKeeping() ? release(false) : Next{};
}

bool AudioRun::announce(std::optional<int64_t> startNs, std::optional<int64_t> durationNs) {
  if (!isOn_) return false;
  const int64_t at = startNs && isTime(*startNs) ? deviationOf(*startNs) : 0;
  const int64_t duration = durationNs && isTime(*durationNs) ? *durationNs : 0;
  const int64_t hole = std::max<int64_t>(at - std::max(deviation_.most(), kRoundingNs), 0);
  const int64_t overlap = std::max<int64_t>(std::min(deviation_.least(), -kRoundingNs) - at, 0);
  const int64_t silence = std::max<int64_t>(duration + hole - overlap, 0);
  if (silence > kLongestSilenceNs) return false;
  announcedNs_ = silence;
  isGapBefore_ = true;
  return true;
}

/// A gap may have been shorter than it was announced: then what comes next is earlier than anything has been
/// for a while.
int64_t AudioRun::takeAnnounced(std::optional<int64_t> nextAtNs) {
  const int64_t silence = std::exchange(announcedNs_, 0);
  if (silence == 0 || !nextAtNs || !isTime(*nextAtNs)) return silence;
  const int64_t deviation = deviationOf(*nextAtNs) - silence;
  if (deviation >= std::min(deviation_.least(), -kRoundingNs)) return silence;
  return std::max<int64_t>(silence + deviation - std::min<int64_t>(deviation_.least(), 0), 0);
}

int64_t AudioRun::lastingNs() const {
  const int64_t lasting = isOn_ && !isKeeping() ? deviation_.lasting() : 0;
  // Who was far behind and sends faster now is not there yet.
  const bool isCatchingUp = lasting > kLongestSilenceNs && deviation_.fallen() > kJitterNs;
  return std::abs(lasting) > kToleratedNs && !isCatchingUp ? lasting : 0;
}

}  // namespace npuspeech
