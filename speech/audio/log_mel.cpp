// SPDX-License-Identifier: LGPL-2.1-or-later
// Whisper's log-mel spectrogram of a stream.
#include "speech/audio/log_mel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace npuspeech {
namespace {

constexpr int kHalf = LogMel::kWindow / 2;
constexpr int kEndPadding = LogMel::kHop;  // zeros that faster-whisper appends to a file
constexpr size_t kStaged = LogMel::kWindow + 32 * LogMel::kHop + kEndPadding + kHalf;
constexpr float kSmallest = 1e-10f;      // energies are clamped here before the logarithm,
constexpr float kSmallestKept = 1e-20f;  // but only once quiet audio is raised
constexpr float kDynamicRange = 8.0f;    // of log10 energies, below the largest of a window
/// Of recorded speech the largest log10 energy is above this; Whisper reads worse what it was not trained on.
constexpr float kQuiet = -1.0f;

/// Mirrors `index` at 0 and at length - 1 until it falls between them.
int64_t mirrored(int64_t index, int64_t length) {
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  index = std::abs(index) % period;
  return index < length ? index : period - index;
}

}  // namespace

LogMel::LogMel(int bins, int capacity)
    : filters_(bins, kSampleRate, kWindow),
      fft_(kWindow),
      capacity_(capacity),
      ring_(static_cast<size_t>(capacity) * bins),
      hann_(kWindow),
      power_(kWindow / 2 + 1),
      staged_(kStaged) {
  for (int i = 0; i < kWindow; ++i)
    hann_[i] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / kWindow));
  reset();
}

void LogMel::reset() {
  begin_ = 0;
  end_ = kHalf;  // room for the mirrored start, which is written once the samples that it mirrors are there
  samples_ = frames_ = 0;
}

void LogMel::push(std::span<const float> samples) {
  while (!samples.empty()) {
    // finish() still needs its room behind what is staged here.
    const size_t room = kStaged - kEndPadding - kHalf - end_;
    const size_t count = std::min(samples.size(), room);
    std::copy_n(samples.data(), count, staged_.data() + end_);
    end_ += count;
    samples_ += static_cast<int64_t>(count);
    samples = samples.subspan(count);

    if (frames_ == 0 && end_ > 2 * kHalf)
      std::reverse_copy(staged_.data() + kHalf + 1, staged_.data() + 2 * kHalf + 1, staged_.data());
    if (frames_ > 0 || end_ > 2 * kHalf) computeReady(std::numeric_limits<int64_t>::max());
  }
}

void LogMel::finish() {
  if (samples_ == 0) return;
  const int64_t frameCount = samples_ / kHop + 1;
  std::fill_n(staged_.data() + end_, kEndPadding, 0.0f);
  end_ += kEndPadding;

  // Positions of the padded stream, counted from the first sample that is staged.
  const int64_t length = static_cast<int64_t>(end_ - begin_) - (frames_ == 0 ? kHalf : 0);
  float* first = staged_.data() + end_ - length;
  if (frames_ == 0)
    for (int64_t i = 1; i <= kHalf; ++i) first[-i] = first[mirrored(-i, length)];
  for (int64_t i = 0; i < kHalf; ++i) first[length + i] = first[mirrored(length + i, length)];
  end_ += kHalf;
  computeReady(frameCount);
}

void LogMel::computeReady(int64_t limit) {
  for (; end_ - begin_ >= kWindow && frames_ < limit; begin_ += kHop) computeFrame(staged_.data() + begin_);
  if (end_ + kEndPadding + kHalf < kStaged) return;
  std::copy(staged_.data() + begin_, staged_.data() + end_, staged_.data());
  end_ -= begin_;
  begin_ = 0;
}

void LogMel::computeFrame(const float* samples) {
  float* input = fft_.input();
  for (int i = 0; i < kWindow; ++i) input[i] = samples[i] * hann_[i];
  const float* spectrum = fft_.run();
  for (int k = 0; k <= kWindow / 2; ++k)
    power_[k] = spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1];

  float* energies = frame(frames_++);
  filters_.apply(power_.data(), energies);
  for (int b = 0; b < bins(); ++b) energies[b] = std::log10(std::max(energies[b], kSmallestKept));
}

float LogMel::normalised(int64_t first, int count, float* out, float atLeast) const {
  float largest = atLeast;
  for (int f = 0; f < count; ++f) {
    const float* in = frame(first + f);
    for (int b = 0; b < bins(); ++b) largest = std::max(largest, in[b]);
  }
  const float raise = std::max(kQuiet - largest, 0.0f);
  const float floor = std::max(largest - kDynamicRange, std::log10(kSmallest) - raise);
  for (int f = 0; f < count; ++f) {
    const float* in = frame(first + f);
    for (int b = 0; b < bins(); ++b) *out++ = (std::max(in[b], floor) + raise + 4) / 4;
  }
  return largest;
}

}  // namespace npuspeech
