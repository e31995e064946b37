// SPDX-License-Identifier: LGPL-2.1-or-later
// Which windows of a live stream are read a second time, for a translation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include "speech/stream/live_text.h"

namespace npuspeech {

/// Chooses the windows that are read for the translation: each final one, and a partial one when the one
/// before has been read and kStepNs of audio have come since. That is often enough that no audio goes before
/// it is translated, and seldom enough that the transcript keeps its pace. Thread-safe.
class TranslationPacer {
 public:
  /// How much new audio a partial window must have to be chosen.
  static constexpr int64_t kStepNs = 3'000'000'000;

  /// Forgets what was read and what is being read.
  void reset() {
    const std::lock_guard lock(mutex_);
    forget();
  }
  /// Whether `window` is chosen. If it is, answered() must be called for it.
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
  /// A chosen window of `utterance` has been read, and audio before the stream time `neededFromNs` can go. An
  /// answer from before reset() or before audio was missing comes too late, and changes nothing.
  void answered(uint64_t utterance, int64_t neededFromNs) {
    const std::lock_guard lock(mutex_);
    if (reading_ == 0 || utterance < firstUtterance_ || utterance > utterance_) return;
    --reading_;
    neededFromNs_ = std::max(neededFromNs_, neededFromNs);
  }
  /// Audio from this stream time on is still needed for the translation; INT64_MIN if nothing has been read.
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

  mutable std::mutex mutex_;  // all that follows is under it
  int64_t readUntilNs_ = INT64_MIN;
  int64_t neededFromNs_ = INT64_MIN;
  int reading_ = 0;              // windows that were chosen and not answered
  bool isBegun_ = false;         // a window has come since everything was forgotten
  uint64_t firstUtterance_ = 0;  // the first utterance since then
  uint64_t utterance_ = 0;       // the newest utterance
};

}  // namespace npuspeech
