// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's log-mel spectrogram of a stream, each frame computed once.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "base/aligned.h"
#include "speech/audio/fft.h"
#include "speech/audio/mel_filters.h"

namespace npuspeech {

/// Takes 16 kHz mono audio as it arrives and keeps the log10 mel energies of the newest frames. Frame f is
/// centred on sample 160 f of the stream and sees 200 samples to either side; the stream's ends are mirrored
/// there, as Whisper mirrors those of a file. Not thread-safe. Allocates in the constructor only.
class LogMel {
 public:
  static constexpr int kSampleRate = 16000;
  static constexpr int64_t kNsPerSample = 1'000'000'000 / kSampleRate;
  static constexpr int kWindow = 400;
  static constexpr int kHop = 160;

  /// bins: 80 or 128. capacity: frames that stay readable.
  LogMel(int bins, int capacity);

  int bins() const { return filters_.bins(); }
  /// Starts a new stream: the next sample is sample 0.
  void reset();
  void push(std::span<const float> samples);
  /// The stream ends after n samples: floor(n / 160) + 1 frames exist then, those at the end computed as if
  /// 160 zeros followed (faster-whisper's padding). Only reset() may follow.
  void finish();

  /// Frames computed since reset().
  int64_t frames() const { return frames_; }
  /// Frames [first, first + count) as Whisper wants them, [count][bins]: at most 8 below the largest of
  /// these and of `atLeast`, then (x + 4) / 4. They must be computed, and among the newest `capacity`.
  /// Returns that largest value.
  float normalised(int64_t first, int count, float* out,
                   float atLeast = -std::numeric_limits<float>::infinity()) const;

 private:
  void computeReady(int64_t limit);
  void computeFrame(const float* samples);
  float* frame(int64_t index) { return ring_.data() + static_cast<size_t>(index % capacity_) * bins(); }
  const float* frame(int64_t index) const { return const_cast<LogMel*>(this)->frame(index); }

  MelFilters filters_;
  RealFft fft_;
  int capacity_;
  AlignedVector<float> ring_;    // [capacity][bins] log10 energies, frame f at f % capacity
  AlignedVector<float> hann_;    // [kWindow]
  AlignedVector<float> power_;   // [kWindow / 2 + 1]
  AlignedVector<float> staged_;  // samples from the next frame's first one on
  size_t begin_ = 0, end_ = 0;   // of what staged_ holds
  int64_t samples_ = 0, frames_ = 0;
};

}  // namespace npuspeech
