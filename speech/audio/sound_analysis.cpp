// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/audio/sound_analysis.h"

#include <algorithm>
#include <utility>

#include "speech/audio/clicks.h"

namespace npuspeech {

SoundAnalysis::SoundAnalysis(const Windower::Options& options, const WindowLimits& limits,
                             std::shared_ptr<const SileroWeights> vad)
    : mel_(options.melBins, limits.melCapacity()),
      track_(limits.trackCapacity(), options.vadOn, options.vadOff) {
  if (vad) vad_.emplace(std::move(vad));
}

void SoundAnalysis::beginPart() {
  mel_.reset();
  if (vad_) vad_->reset();
  track_.reset();
  analysed_ = 0;
}

void SoundAnalysis::dropWaiting() {
  input_.clear();
  inputBegin_ = 0;
}

void SoundAnalysis::push(std::span<const float> samples) {
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(inputBegin_));
  inputBegin_ = 0;
  const size_t old = input_.size();
  input_.insert(input_.end(), samples.begin(), samples.end());
  clicks_ += muteClicks(std::span(input_).subspan(old));
}

// The last frame of a part is filled with zeros for the detector.
void SoundAnalysis::analyse(int64_t samples) {
  const int64_t frames = (samples + kVadFrame - 1) / kVadFrame;
  input_.resize(std::max(input_.size(), inputBegin_ + static_cast<size_t>(frames * kVadFrame)));
  const float* audio = input_.data() + inputBegin_;
  mel_.push({audio, static_cast<size_t>(samples)});
  const auto found = std::span(probabilities_).first(static_cast<size_t>(frames));
  if (vad_)
    vad_->run({audio, static_cast<size_t>(frames * kVadFrame)}, found);
  else
    std::fill(found.begin(), found.end(), 1.0f);
  for (const float probability : found) {
    float energy = 0;
    for (int64_t i = 0; i < kVadFrame; ++i) energy += audio[i] * audio[i];
    track_.push(probability, energy / kVadFrame);
    audio += kVadFrame;
  }
  analysed_ += samples;
  inputBegin_ += static_cast<size_t>(frames * kVadFrame);
}

void SoundAnalysis::finishPart() {
  analyse(waiting());
  mel_.finish();
}

int64_t SoundAnalysis::melEnd() const {
  return std::min(mel_.frames() * kMelHop, analysed_);
}

}  // namespace npuspeech
