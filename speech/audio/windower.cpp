// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/audio/windower.h"

#include <utility>

#include "speech/audio/sound_analysis.h"
#include "speech/audio/window_cutter.h"
#include "speech/audio/window_limits.h"

namespace npuspeech {

struct Windower::State {
  State(const Options& options, std::shared_ptr<const SileroWeights> vad)
      : limits(options, vad != nullptr),
        sound(options, limits, std::move(vad)),
        cutter(limits, sound, options.firstUtterance) {}

  const WindowLimits limits;
  SoundAnalysis sound;
  WindowCutter cutter;
  bool isDraining = false;  // what waits is the end of a part
  bool isFinished = false;  // and is analysed
  bool isStalling = false;
};

Windower::Windower(const Options& options, std::shared_ptr<const SileroWeights> vad)
    : state_(std::make_unique<State>(options, std::move(vad))) {}
Windower::~Windower() = default;

void Windower::reset(int64_t startNs) {
  State& s = *state_;
  s.sound.dropWaiting();
  s.cutter.beginStream(startNs);
  s.isDraining = s.isFinished = s.isStalling = false;
}

void Windower::push(std::span<const float> samples) {
  state_->sound.push(samples);
}

void Windower::drain() {
  state_->isDraining = true;
}

void Windower::stall() {
  state_->isStalling = true;
}

std::optional<std::variant<AudioWindow, AudioGap>> Windower::next() {
  State& s = *state_;
  for (;;) {
    if (auto event = s.cutter.next()) return event;
    if (!s.cutter.isThrough()) {
      s.cutter.step();
    } else if (s.sound.waiting() >= s.limits.group * kVadFrame) {
      s.sound.analyse(s.limits.group * kVadFrame);
    } else if (!s.isDraining) {
      if (!std::exchange(s.isStalling, false)) return {};
      s.cutter.stall();
    } else if (!s.isFinished) {
      s.sound.finishPart();
      s.isFinished = true;
    } else if (s.cutter.endPart()) {
      s.isDraining = s.isFinished = s.isStalling = false;
    }
  }
}

void Windower::logMel(float* out) {
  state_->cutter.logMel(out);
}

void Windower::commit(int64_t untilNs) {
  state_->cutter.commit(untilNs);
}

bool Windower::isCurrent(uint64_t utterance) const {
  return state_->cutter.isCurrent(utterance);
}

uint64_t Windower::nextUtterance() const {
  return state_->cutter.nextUtterance();
}

int64_t Windower::quietNs() const {
  return state_->cutter.quietNs();
}

bool Windower::isLull() const {
  return state_->cutter.isLull();
}

bool Windower::isBetweenUtterances() const {
  return state_->cutter.isBetweenUtterances();
}

void Windower::stretchPauses(int64_t ns) {
  state_->cutter.stretchPauses(ns);
}

int64_t Windower::takeStretched() {
  return state_->cutter.takeStretched();
}

uint64_t Windower::clicks() const {
  return state_->sound.clicks();
}

void Windower::holdPartial(bool held) {
  state_->cutter.holdPartial(held);
}

int64_t Windower::latencyNs(const Options& options) {
  return WindowLimits(options, true).latency() * kNsPerSample;
}

}  // namespace npuspeech
