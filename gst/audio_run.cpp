// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/audio_run.h"

#include <algorithm>
#include <cstdlib>

#include "speech/audio/log_mel.h"

namespace npuspeech::gst {
namespace {

/// Timestamps are rounded, to milliseconds by some and by some to their own idea of a buffer.
constexpr GstClockTimeDiff kRounding = 5 * GST_MSECOND;

/// Packets are at least some milliseconds long: what would be kept longer has no end.
constexpr size_t kMostKept = 10000;

GstClockTimeDiff durationOf(uint64_t samples) {
  return static_cast<GstClockTimeDiff>(gst_util_uint64_scale(samples, GST_SECOND, LogMel::kSampleRate));
}

}  // namespace

void AudioRun::start(GstClockTime at, bool isLive) {
  isOn_ = true;
  isLive_ = isLive;
  moveTo(at);
}

void AudioRun::moveTo(GstClockTime at) {
  start_ = isTime(at) ? at : 0;
  samples_ = keptSamples_ = 0;
  isKeeping_ = false;
  lastAt_ = GST_CLOCK_TIME_NONE;
  lastSamples_ = 0;
  deviation_.reset();
}

GstClockTime AudioRun::end() const {
  return start_ + static_cast<GstClockTime>(durationOf(samples_));
}

GstClockTimeDiff AudioRun::deviationOf(GstClockTime at) const {
  return GST_CLOCK_DIFF(end() + static_cast<GstClockTime>(durationOf(keptSamples_)), at);
}

AudioRun::Next AudioRun::next(const Sound& sound) {
  if (isKeeping()) return nextKept(sound);
  const GstClockTime at = sound.at;
  if (!isTime(at)) return {};
  const GstClockTimeDiff deviation = deviationOf(at);
  if (deviation < -kLongestSilence && isTime(lastAt_) && GST_CLOCK_DIFF(at, lastAt_) > kLongestSilence)
    return sound.isDiscont ? breakAt(at) : keepFirst(sound, -kLongestSilence, deviation);
  // What is later than anything has been for a while has a hole before it, or is only late itself.
  const GstClockTimeDiff usual = std::max<GstClockTimeDiff>(deviation_.most(), 0);
  const GstClockTimeDiff hole = deviation - usual;
  if (hole <= kRounding) return accept(sound, deviation);
  if ((hole > kFarthest && !isLive_) || (sound.isDiscont && hole > kLongestSilence)) return breakAt(at);
  if (sound.isDiscont) return accept(sound, deviation, hole);
  const GstClockTimeDiff jitter = isLive_ ? std::max(kJitter, deviation_.most() - deviation_.least())
                                          : kRounding + durationOf(lastSamples_) / 20;
  return hole <= jitter ? accept(sound, deviation) : keepFirst(sound, usual, hole);
}

AudioRun::Next AudioRun::accept(const Sound& sound, GstClockTimeDiff deviation, GstClockTimeDiff silence) {
  deviation_.add(sound.at, deviation - silence);
  lastAt_ = sound.at;
  lastSamples_ = sound.samples;
  return {.silence = static_cast<GstClockTime>(silence)};
}

AudioRun::Next AudioRun::keepFirst(const Sound& sound, GstClockTimeDiff usual, GstClockTimeDiff jump) {
  isKeeping_ = true;
  kept_.clear();
  keptAt_ = sound.at;
  usual_ = usual;
  mostJump_ = leastJump_ = jump;
  drop_ = 0;
  return keep(sound.at, sound.samples, jump);
}

AudioRun::Next AudioRun::keep(GstClockTime at, size_t samples, GstClockTimeDiff jump) {
  kept_.push_back({samples, jump});
  keptSamples_ += samples;
  lastAt_ = at;
  lastSamples_ = samples;
  return {.isKept = true};
}

AudioRun::Next AudioRun::nextKept(const Sound& sound) {
  const bool isLong = durationOf(keptSamples_) > kFarthest || kept_.size() > kMostKept;
  if (!isTime(sound.at) && !isLong) return keep(lastAt_, sound.samples, kept_.back().jump);
  if (isLong || sound.isDiscont) return release(false);
  const GstClockTimeDiff deviation = deviationOf(sound.at);
  const bool isAhead = leastJump_ > 0;
  const GstClockTimeDiff jump = isAhead ? deviation - usual_ : deviation;
  if (isAhead ? jump <= (isLive_ ? kJitter / 2 : kRounding) : deviation >= usual_) return release(true);
  leastJump_ = isAhead ? std::min(leastJump_, jump) : std::max(leastJump_, jump);
  mostJump_ = std::max(mostJump_, jump);
  drop_ = std::max(drop_, mostJump_ - jump);
  const bool lasts = sound.at >= keptAt_ && GST_CLOCK_DIFF(keptAt_, sound.at) >= kLasting;
  return lasts ? release(false) : keep(sound.at, sound.samples, jump);
}

AudioRun::Next AudioRun::release(bool hasReturned) {
  const bool isAhead = leastJump_ > 0, isShort = isAhead && leastJump_ <= kLongestSilence;
  isKeeping_ = false;
  keptSamples_ = 0;
  // Sound that is lost is gone at once; what is only late is so by this much and by that.
  if (hasReturned || (isShort && drop_ > kTolerated)) {
    if (isAhead) deviation_.add(keptAt_, usual_ + mostJump_);
    return {.isKnown = true};
  }
  if (isShort) {
    fillKept();
    return {.isKnown = true};
  }
  if (isAhead && isLive_) {
    deviation_.set(lastAt_, usual_ + leastJump_, usual_ + mostJump_, usual_ + kept_.back().jump);
    return {.isKnown = true};
  }
  const auto end = static_cast<GstClockTimeDiff>(this->end());
  return {.isKnown = true,
          .isBreak = true,
          .start = static_cast<GstClockTime>(std::max<GstClockTimeDiff>(end + leastJump_, 0))};
}

/// Before each piece, what all behind it have in common beyond the one before.
void AudioRun::fillKept() {
  GstClockTimeDiff sure = mostJump_;
  for (auto piece = kept_.rbegin(); piece != kept_.rend(); ++piece)
    piece->jump = sure = std::min(sure, piece->jump);
  GstClockTimeDiff filled = 0;
  for (Kept& piece : kept_) {
    piece.silence = std::min(piece.jump - filled, kLongestSilence);
    filled += piece.silence;
  }
}

AudioRun::Next AudioRun::settle() {
  return isKeeping() ? release(false) : Next{};
}

std::optional<GstClockTime> AudioRun::silenceOf(GstClockTime start, GstClockTime duration) const {
  if (!isOn_ || !isTime(start) || !isTime(duration)) return {};
  const GstClockTimeDiff at = deviationOf(start);
  const GstClockTimeDiff hole = std::max<GstClockTimeDiff>(at - std::max(deviation_.most(), kRounding), 0);
  const GstClockTimeDiff overlap =
      std::max<GstClockTimeDiff>(std::min(deviation_.least(), -kRounding) - at, 0);
  const GstClockTimeDiff silence = static_cast<GstClockTimeDiff>(duration) + hole - overlap;
  if (overlap > kLongestSilence || silence > kLongestSilence) return {};
  return static_cast<GstClockTime>(std::max<GstClockTimeDiff>(silence, 0));
}

GstClockTimeDiff AudioRun::lasting() const {
  const GstClockTimeDiff lasting = isOn_ && !isKeeping() ? deviation_.lasting() : 0;
  // Who was far behind and sends faster now is not there yet.
  const bool isCatchingUp = lasting > kLongestSilence && deviation_.fallen() > kJitter;
  return std::abs(lasting) > kTolerated && !isCatchingUp ? lasting : 0;
}

}  // namespace npuspeech::gst
