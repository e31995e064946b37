// SPDX-License-Identifier: LGPL-2.1-or-later
// From sound to speaker turns.
#include "speech/diar/diarizer.h"

#include <algorithm>

#include "speech/diar/recording_labels.h"

namespace npuspeech {

using namespace diar;

namespace {

/// A deviation that is none: a frame of labels.
constexpr int64_t kToleratedNs = kNsPerFrame;
/// After so much silence nothing of what came before is in the window.
constexpr int64_t kLongestSilenceNs = kWindow * kNsPerSample;
/// One window says little of a speaker; while a talk is young and live, two must do.
constexpr int kFewestWindowsLive = 2, kFewestWindows = 4;

ClusterOptions clusterOptions(const DiarizerOptions& options) {
  return {.cut = options.cut,
          .fewestWindows = options.live ? kFewestWindowsLive : kFewestWindows,
          .count = {options.leastSpeakers, std::max(options.mostSpeakers, 1)}};
}

}  // namespace

Diarizer::Diarizer(const DiarizerOptions& options, DiarizationModels& models, DiarizerListener& listener)
    : options_(options), listener_(listener), hearing_(models), memory_(clusterOptions(options)) {}

void Diarizer::reset() {
  isOn_ = false;
  memory_.reset();
  labels_.reset();
  runs_.clear();
  frames_ = 0;
  frontierNs_.reset();
  windows_.clear();
  isSpeech_.clear();
}

int64_t Diarizer::endNs() const {
  return runs_.all().back().startNs + runSamples_ * kNsPerSample;
}

void Diarizer::start(int64_t atNs) {
  hearing_.restart();
  runs_.begin(frames_, atNs);
  runSamples_ = 0;
  isOn_ = true;
  frontierNs_ = atNs;
}

void Diarizer::push(std::span<const float> samples, std::optional<int64_t> atNs) {
  if (isOn_ && atNs) {
    const int64_t missingNs = *atNs - endNs();
    if (missingNs > kLongestSilenceNs || missingNs < -kToleratedNs)
      endRun();
    else if (missingNs > kToleratedNs)
      pushSilence(missingNs / kNsPerSample);
  }
  if (!isOn_) start(atNs.value_or(runs_.all().empty() ? 0 : frontierNs_.value_or(0)));
  pushSamples(samples);
}

void Diarizer::pushGap(int64_t startNs, int64_t durationNs) {
  if (durationNs <= 0) return;
  const int64_t end = startNs + durationNs;
  if (isOn_ && end > endNs()) {
    const int64_t silentNs = end - endNs();
    pushSilence(std::min(silentNs, kLongestSilenceNs) / kNsPerSample);
    if (silentNs <= kLongestSilenceNs) return;
    endRun();
  }
  if (!isOn_) frontierNs_ = std::max(frontierNs_.value_or(end), end);
}

void Diarizer::drain() {
  if (isOn_) endRun();
  if (options_.live) {
    update(frames_, true);
    return;
  }
  labelRecording(windows_, isSpeech_, runs_, clusterOptions(options_), listener_);
  const auto frontier = frontierNs_;
  reset();
  frontierNs_ = frontier;
}

void Diarizer::pushSamples(std::span<const float> samples) {
  while (!samples.empty()) {
    const size_t taken = hearing_.take(samples);
    samples = samples.subspan(taken);
    runSamples_ += static_cast<int64_t>(taken);
    if (!hearing_.isFull()) continue;
    hearHop();
    update(frames_ - LiveLabels::kFirstDelay, false);
  }
}

void Diarizer::pushSilence(int64_t samples) {
  static constexpr std::array<float, kFrame> kSilence{};
  for (; samples > 0; samples -= kFrame)
    pushSamples(std::span(kSilence).first(static_cast<size_t>(std::min<int64_t>(samples, kFrame))));
}

/// The last hop is filled up with silence, which has no labels.
void Diarizer::endRun() {
  const int64_t samples = runSamples_;
  if (hearing_.newSamples() > 0) {
    static constexpr std::array<float, kHop> kSilence{};
    hearing_.take(kSilence);
    hearHop();
    runs_.extend(runs_.all().back().startFrame + (samples + kFrame - 1) / kFrame);
  }
  isOn_ = false;
  update(frames_, false);
  frontierNs_ = endNs();
}

void Diarizer::hearHop() {
  HeardWindow& window = options_.live ? memory_.next() : windows_.emplace_back();
  std::array<uint8_t, kHopFrames> isSpeech{};
  hearing_.hear(window, isSpeech);
  const int64_t start = frames_;
  frames_ += kHopFrames;
  window.startFrame = frames_ - window.frames;
  runs_.extend(frames_);
  if (!options_.live) {
    isSpeech_.insert(isSpeech_.end(), isSpeech.begin(), isSpeech.end());
    return;
  }
  memory_.take();
  labels_.addSpeech(start, isSpeech);
}

void Diarizer::update(int64_t frontier, bool isDrained) {
  if (!options_.live) return;
  labels_.update(memory_, runs_, frontier, isDrained ? frontier : frames_ - LiveLabels::kFinalDelay,
                 listener_);
  runs_.forget(labels_.firstKept());
  if (!isOn_ || runs_.all().empty()) return;
  const SoundRuns::Run& run = runs_.all().back();
  if (labels_.frontier() > run.startFrame) frontierNs_ = run.timeOf(labels_.frontier());
}

std::optional<int> Diarizer::speakerOf(int64_t startNs, int64_t endNs) const {
  LiveLabels::Most best;
  for (const SoundRuns::Run& run : runs_.all()) {
    const int64_t length = run.endFrame - run.startFrame;
    const int64_t start = std::max<int64_t>(0, (startNs - run.startNs) / kNsPerFrame);
    const int64_t end = std::min(length, (endNs - run.startNs + kNsPerFrame - 1) / kNsPerFrame);
    if (start >= end) continue;
    const auto here = labels_.most(run.startFrame + start, run.startFrame + end);
    if (here.frames > best.frames) best = here;
  }
  if (best.speaker < 0) return {};
  return best.speaker;
}

}  // namespace npuspeech
