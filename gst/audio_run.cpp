// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/audio_run.h"

#include <algorithm>
#include <cstdlib>

#include "speech/audio/log_mel.h"

namespace npuspeech::gst {
namespace {

/// Timestamps are rounded, to milliseconds by some and by some to their own idea of a buffer.
constexpr GstClockTimeDiff kRounding = 5 * GST_MSECOND;

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
  if (hole > kFarthest || (sound.isDiscont && hole > kLongestSilence)) return breakAt(at);
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
  keptAt_ = sound.at;
  usual_ = usual;
  firstJump_ = leastJump_ = jump;
  return keep(sound.at, sound.samples);
}

AudioRun::Next AudioRun::keep(GstClockTime at, size_t samples) {
  keptSamples_ += std::max<size_t>(samples, 1);
  lastAt_ = at;
  lastSamples_ = samples;
  return {.isKept = true};
}

AudioRun::Next AudioRun::nextKept(const Sound& sound) {
  const bool isLong = durationOf(keptSamples_) > kFarthest;
  if (!isTime(sound.at) && !isLong) return keep(lastAt_, sound.samples);
  if (isLong || sound.isDiscont) return release(false);
  const GstClockTimeDiff deviation = deviationOf(sound.at);
  const bool isAhead = leastJump_ > 0;
  const GstClockTimeDiff near = usual_ + (isLive_ ? kJitter / 2 : kRounding);
  if (isAhead ? deviation <= near : deviation >= usual_) return release(true);
  leastJump_ = isAhead ? std::min(leastJump_, deviation - usual_) : std::max(leastJump_, deviation);
  const bool lasts = sound.at >= keptAt_ && GST_CLOCK_DIFF(keptAt_, sound.at) >= kLasting;
  return lasts ? release(false) : keep(sound.at, sound.samples);
}

AudioRun::Next AudioRun::release(bool hasReturned) {
  keptSamples_ = 0;
  if (hasReturned && firstJump_ > 0) deviation_.add(keptAt_, usual_ + firstJump_);  // so late it can be
  if (hasReturned) return {.isKnown = true};
  if (leastJump_ > 0 && leastJump_ <= kLongestSilence)
    return {.isKnown = true, .silence = static_cast<GstClockTime>(leastJump_)};
  const auto end = static_cast<GstClockTimeDiff>(this->end());
  return {.isKnown = true,
          .isBreak = true,
          .start = static_cast<GstClockTime>(std::max<GstClockTimeDiff>(end + leastJump_, 0))};
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
  return std::abs(lasting) > kTolerated ? lasting : 0;
}

}  // namespace npuspeech::gst
