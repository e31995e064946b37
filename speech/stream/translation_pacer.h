// SPDX-License-Identifier: LGPL-2.1-or-later
// Which windows of a live stream are read a second time, for a translation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include "speech/stream/live_text.h"

namespace npuspeech {

/// Takes each final window, and a partial one once the last is through and kStepNs of audio came since: often
/// enough that no audio goes before it is translated, seldom enough that the transcript keeps its pace.
/// Thread-safe.
class TranslationPacer {
 public:
  static constexpr int64_t kStepNs = 3'000'000'000;

  void reset() {
    const std::lock_guard lock(mutex_);
    forget();
  }
  /// Whether to read `window`. Each that is taken must be answered.
  bool takes(const LiveWindow& window) {
    const std::lock_guard lock(mutex_);
    // Audio is missing, or begins again: what is being read is of before it.
    if (isBegun_ && window.utterance != utterance_ && window.utterance != utterance_ + 1) forget();
    if (!std::exchange(isBegun_, true)) firstUtterance_ = window.utterance;
    utterance_ = window.utterance;
    const int64_t end = window.startNs + window.durationNs;
    const int64_t newAudio = end - std::max(readUntilNs_, window.startNs);
    if (!window.isFinal && !window.isStalled && (reading_ > 0 || newAudio < kStepNs)) return false;
    readUntilNs_ = end;
    ++reading_;
    return true;
  }
  /// A window of `utterance` was read; audio before `neededFromNs`, in stream time, can go. An answer that is
  /// late, of before reset() or missing audio, changes nothing.
  void answered(uint64_t utterance, int64_t neededFromNs) {
    const std::lock_guard lock(mutex_);
    if (reading_ == 0 || utterance < firstUtterance_ || utterance > utterance_) return;
    --reading_;
    neededFromNs_ = std::max(neededFromNs_, neededFromNs);
  }
  /// INT64_MIN where nothing has been read.
  int64_t neededFromNs() const {
    const std::lock_guard lock(mutex_);
    return neededFromNs_;
  }

 private:
  void forget() {
    readUntilNs_ = neededFromNs_ = INT64_MIN;
    reading_ = 0;
    isBegun_ = false;
  }

  mutable std::mutex mutex_;
  int64_t readUntilNs_ = INT64_MIN, neededFromNs_ = INT64_MIN;
  int reading_ = 0;
  bool isBegun_ = false;
  uint64_t firstUtterance_ = 0, utterance_ = 0;  // of the audio since then
};

}  // namespace npuspeech
