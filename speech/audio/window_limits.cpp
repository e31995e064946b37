// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/audio/window_limits.h"

#include <algorithm>

namespace npuspeech {
namespace {

constexpr int64_t kSamplesPerMs = LogMel::kSampleRate / 1000;
/// Speech starts easily, so that no soft word is lost, but only what surely has some becomes a window.
constexpr float kSurerThanOn = 0.2f;
constexpr float kMostSure = 0.95f;
constexpr int64_t kRecordedGap = 1000 * kSamplesPerMs;
/// How far the newest frame of log-mel may be behind the newest sample.
constexpr int64_t kMelDelay = LogMel::kWindow / 2 + kMelHop;
/// Frames that are kept beyond the longest window and what is around it.
constexpr int64_t kSpareFrames = 16;

int64_t samplesOf(int ms, int least, int most) {
  return std::clamp(ms, least, most) * kSamplesPerMs;
}

int64_t silenceOf(const Windower::Options& options) {
  return options.live ? samplesOf(std::max(options.hangoverMs, options.postRollMs), 100, 10000)
                      : samplesOf(options.splitMs, 100, 10000);
}

}  // namespace

WindowLimits::WindowLimits(const Windower::Options& options, bool hasVad)
    : live(options.live),
      surePeak(std::min(options.vadOn + kSurerThanOn, kMostSure)),
      preRoll(samplesOf(options.preRollMs, 0, 2000)),
      postRoll(samplesOf(options.postRollMs, 0, 2000)),
      minSpeech(hasVad ? samplesOf(options.minSpeechMs, 0, 2000) : 0),
      silence(silenceOf(options)),
      target(live ? INT64_MAX : samplesOf(options.targetMs, 2000, 30000)),
      targetSilence(std::min(silence, samplesOf(options.targetSplitMs, 100, 10000))),
      maxWindow(samplesOf(options.maxWindowMs, 2000, 30000)),
      step(samplesOf(options.stepMs, 32, 10000)),
      group(live ? 1 : kLargestGroup),
      gapStep(live ? step : kRecordedGap) {}

int WindowLimits::melCapacity() const {
  return static_cast<int>((maxWindow + silence + preRoll + group * kVadFrame) / kMelHop + kSpareFrames);
}

int WindowLimits::trackCapacity() const {
  return static_cast<int>((maxWindow + silence + preRoll) / kVadFrame + group + kSpareFrames);
}

int64_t WindowLimits::latency() const {
  return live ? std::max(step, minSpeech) + 2 * kVadFrame + kMelDelay
              : maxWindow + silence + group * kVadFrame;
}

}  // namespace npuspeech
