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

/// Takes mono audio at 16 kHz as it arrives, and keeps the logarithm (base 10) of the mel energies of the
/// newest frames. Frame f is centred on sample 160 f of the stream and sees 200 samples to either side. At
/// its beginning and its end the stream is mirrored for this, as Whisper mirrors a file. Not thread-safe.
/// Allocates in the constructor only.
class LogMel {
 public:
  static constexpr int kSampleRate = 16000;
  static constexpr int64_t kNsPerSample = 1'000'000'000 / kSampleRate;
  /// Samples that a frame sees.
  static constexpr int kWindow = 400;
  /// Samples between the centres of two frames.
  static constexpr int kHop = 160;

  /// `bins`: values of a frame, 80 or 128. `capacity`: how many of the newest frames can be read.
  LogMel(int bins, int capacity);

  int bins() const { return filters_.bins(); }
  /// Starts a new stream: the next sample is sample 0.
  void reset();
  void push(std::span<const float> samples);
  /// Computes the frames at the end of the stream as if 160 zeros followed, which is faster-whisper's
  /// padding. After n samples there are floor(n / 160) + 1 frames then. Only reset() may follow.
  void finish();

  /// How many frames have been computed since reset().
  int64_t frames() const { return frames_; }
  /// Writes the frames [first, first + count) as Whisper wants them, [count][bins]: raised to at most 8 below
  /// the largest of their values and of `atLeast`, then (x + 4) / 4. They must be computed, and be among the
  /// newest `capacity`. Returns that largest value.
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
  size_t begin_ = 0, end_ = 0;   // where the samples in staged_ begin and end
  int64_t samples_ = 0, frames_ = 0;
};

}  // namespace npuspeech
