// SPDX-License-Identifier: LGPL-2.1-or-later
// Where people speak, however quiet the recording.
#include "speech/audio/speech_detector.h"

#include <cmath>
#include <utility>

namespace npuspeech {
namespace {

constexpr float kQuiet = 2.5e-5f;     // mean square, -46 dBFS: what stays below is raised,
constexpr float kTarget = 5e-4f;      // to -33 dBFS,
constexpr float kMostGain = 3000.0f;  // by 70 dB at most
constexpr float kMuchLouder = 20.0f;  // rumble's mean square, over that of the rest
/// Raised audio has more that only resembles speech: breath, murmurs far away, and the soft starts of loud
/// words, which the first network finds in its own time. So odds of speech are taken down by this, until the
/// network was sure for about 0.6 s of the newest two.
constexpr float kDoubt = 12.0f;
constexpr float kSure = 0.9f, kSureFrames = 20.0f, kRemembered = 61.0f / 62;

}  // namespace

SpeechDetector::SpeechDetector(std::shared_ptr<const SileroWeights> weights)
    : plain_(weights, SileroVad::kForgetInPauses),
      helper_(std::move(weights), SileroVad::kForgetInPauses),
      raised_(kFrame) {}

void SpeechDetector::reset() {
  plain_.reset();
  filters_ = {};
  level_ = rumble_ = {};
  gain_ = 1;
  isHelped_ = false;
}

void SpeechDetector::run(std::span<const float> samples, std::span<float> probabilities) {
  plain_.run(samples, probabilities);
  for (float& probability : probabilities) {
    const bool wasHelped = std::exchange(isHelped_, raise(samples.first(kFrame)));
    samples = samples.subspan(kFrame);
    if (!isHelped_) continue;
    if (!wasHelped) {
      helper_.reset();
      sureFrames_ = 0;
    }
    float found = 0;
    helper_.run(raised_, {&found, 1});
    if (!isTrusted()) sureFrames_ = sureFrames_ * kRemembered + (found > kSure ? 1.0f : 0.0f);
    const float doubt = isTrusted() ? 1.0f : kDoubt;
    probability = std::max(probability, found / (found + doubt * (1 - found)));
  }
}

bool SpeechDetector::isTrusted() const {
  return sureFrames_ >= kSureFrames;
}

bool SpeechDetector::raise(std::span<const float> frame) {
  float above = 0, below = 0;
  for (int i = 0; i < kFrame; ++i) {
    raised_[i] = static_cast<float>(filters_[1].run(filters_[0].run(frame[i])));
    const float low = frame[i] - raised_[i];
    above += raised_[i] * raised_[i];
    below += low * low;
  }
  const float level = level_.push(above / kFrame);
  const bool isRumbling = rumble_.push(below / kFrame) > kMuchLouder * level;
  // Nothing is raised above the target: not a click either.
  const float gain = std::clamp(std::sqrt(kTarget / std::max(level, above / kFrame)), 1.0f, kMostGain);
  const float before = std::min(std::exchange(gain_, gain), gain), step = (gain - before) / kFrame;
  if (level >= kQuiet && !isRumbling) return false;
  for (int i = 0; i < kFrame; ++i)
    raised_[i] = std::clamp(raised_[i] * (before + step * static_cast<float>(i)), -1.0f, 1.0f);
  return true;
}

}  // namespace npuspeech
