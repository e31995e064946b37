// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound cut into overlapping windows, and what the networks hear in each.
#include "speech/diar/window_hearing.h"

#include <algorithm>

#include "speech/diar/unit_vector.h"

namespace npuspeech::diar {
namespace {

constexpr float kSpeech = 0.5f;

}  // namespace

WindowHearing::WindowHearing(DiarizationModels& models)
    : models_(models),
      samples_(kWindow + kHop),
      bank_(static_cast<size_t>(filterBankFrames(kWindow)) * kMelBins),
      isSpeech_(kWindowFrames + kHopFrames) {
  speechSamples_.reserve(kHop + DiarizationModels::kSpeechFrame);
  probabilities_.reserve(kHop / DiarizationModels::kSpeechFrame + 2);
  chosen_.reserve(kWindowFrames);
  chosenFrames_.reserve(bank_.size());
}

void WindowHearing::restart() {
  models_.restart();
  size_ = newSamples_ = bankFrames_ = 0;
  speechSamples_.clear();
  lastProbability_ = 0;
  speechFrames_ = labelFrames_ = 0;
}

size_t WindowHearing::take(std::span<const float> samples) {
  const size_t count = std::min(samples.size(), static_cast<size_t>(kHop - newSamples_));
  std::copy_n(samples.begin(), count, samples_.begin() + size_ + newSamples_);
  newSamples_ += static_cast<int>(count);
  return count;
}

void WindowHearing::hear(HeardWindow& window, std::span<uint8_t, kHopFrames> isSpeech) {
  detectSpeech(isSpeech);
  std::copy(isSpeech.begin(), isSpeech.end(), isSpeech_.begin() + size_ / kFrame);
  size_ += kHop;
  newSamples_ = 0;
  if (size_ > kWindow) {
    std::copy_n(samples_.begin() + kHop, kWindow, samples_.begin());
    std::copy(bank_.begin() + kHopFrames * kMelBins, bank_.begin() + bankFrames_ * kMelBins, bank_.begin());
    std::copy_n(isSpeech_.begin() + kHopFrames, kWindowFrames, isSpeech_.begin());
    size_ = kWindow;
    bankFrames_ -= kHopFrames;
  }
  const auto samples = std::span<const float>(samples_).first(static_cast<size_t>(size_));
  const int frames = filterBankFrames(size_);
  models_.filterBank(samples.subspan(static_cast<size_t>(bankFrames_) * kFrame),
                     std::span(bank_).subspan(static_cast<size_t>(bankFrames_) * kMelBins,
                                              static_cast<size_t>(frames - bankFrames_) * kMelBins));
  bankFrames_ = frames;
  window.frames = size_ / kFrame;
  window.activities.resize(static_cast<size_t>(activityFrames(size_)) * kLocalSpeakers);
  models_.segment(samples, window.activities);
  for (int voice = 0; voice < kLocalSpeakers; ++voice) {
    LocalSpeaker& speaker = window.speakers[static_cast<size_t>(voice)];
    chooseFrames(window.activities, bankFrames_, voice, speaker, chosen_);
    speaker.isEmbedded = !chosen_.empty();
    speaker.id = -1;
    if (speaker.isEmbedded) embed(speaker);
  }
}

void WindowHearing::embed(LocalSpeaker& speaker) {
  chosenFrames_.clear();
  int speechFrames = 0;
  for (const int frame : chosen_) {
    speechFrames += isSpeech_[static_cast<size_t>(frame)];
    const auto bins = std::span(bank_).subspan(static_cast<size_t>(frame) * kMelBins, kMelBins);
    chosenFrames_.insert(chosenFrames_.end(), bins.begin(), bins.end());
  }
  speaker.speechShare = static_cast<double>(speechFrames) / static_cast<double>(chosen_.size());
  models_.embed(chosenFrames_, speaker.embedding);
  normalize(speaker.embedding);
  band_.reset();
  band_.add(chosenFrames_);
  if (band_.isTelephone()) centreTelephone(speaker.embedding);
}

/// A frame of labels has the probability of the frame that its middle is in. The last few of a hop may wait
/// for a frame that is not whole yet: they have that of the frame before.
void WindowHearing::detectSpeech(std::span<uint8_t, kHopFrames> isSpeech) {
  constexpr size_t kSpeechFrame = DiarizationModels::kSpeechFrame;
  const auto hop = samples_.begin() + size_;
  speechSamples_.insert(speechSamples_.end(), hop, hop + kHop);
  const size_t whole = speechSamples_.size() / kSpeechFrame;
  probabilities_.resize(whole);
  models_.detectSpeech(std::span(speechSamples_).first(whole * kSpeechFrame), probabilities_);
  speechSamples_.erase(speechSamples_.begin(),
                       speechSamples_.begin() + static_cast<std::ptrdiff_t>(whole * kSpeechFrame));
  for (uint8_t& here : isSpeech) {
    const int64_t frame = (labelFrames_++ * kFrame + kFrame / 2) / static_cast<int64_t>(kSpeechFrame);
    const int64_t index = std::min(frame - speechFrames_, static_cast<int64_t>(whole) - 1);
    here = (index >= 0 ? probabilities_[static_cast<size_t>(index)] : lastProbability_) > kSpeech;
  }
  if (whole > 0) lastProbability_ = probabilities_.back();
  speechFrames_ += static_cast<int64_t>(whole);
}

}  // namespace npuspeech::diar
