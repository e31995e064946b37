// SPDX-License-Identifier: LGPL-2.1-or-later
// How samples, frames of the networks and frames of labels stand to each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace npuspeech::diar {

inline constexpr int kSampleRate = 16000;
inline constexpr int64_t kNsPerSample = 1'000'000'000 / kSampleRate;
/// Samples between two windows, and of the longest window. A run of sound begins with shorter windows, of one
/// hop, two hops and so on, so that labels need not wait for a whole one.
inline constexpr int kHop = 8000;
inline constexpr int kWindow = 10 * kHop;
/// Labels are decided for frames of 10 ms, which the filter bank's frames have as distance too.
inline constexpr int kFrame = 160;
inline constexpr int64_t kNsPerFrame = kFrame * kNsPerSample;
inline constexpr int kHopFrames = kHop / kFrame;
inline constexpr int kWindowFrames = kWindow / kFrame;
/// The segmentation network tells at most so many voices of a window apart.
inline constexpr int kLocalSpeakers = 3;
/// The length of a speaker's embedding.
inline constexpr int kEmbedding = 192;
/// The filter bank: samples a frame looks at, and bins.
inline constexpr int kFilterBankSamples = 400;
inline constexpr int kMelBins = 80;

/// How many frames the segmentation network gives for this many samples, of which there are at least 1261.
constexpr int activityFrames(int samples) {
  const int filtered = (samples - 251) / 10 + 1;
  return ((filtered / 3 - 4) / 3 - 4) / 3;
}
/// The most of them.
inline constexpr int kMostActivityFrames = activityFrames(kWindow);
/// How many frames the filter bank has for this many samples.
constexpr int filterBankFrames(int samples) {
  return samples < kFilterBankSamples ? 0 : 1 + (samples - kFilterBankSamples) / kFrame;
}

/// The frame of the segmentation network, of `frames`, whose centre is the nearest to this sample of the
/// window. Frame i looks at samples [270 i, 270 i + 991).
constexpr int nearestActivity(int sample, int frames) {
  const int twice = 2 * (sample - 495) + 270;  // rounds halves up
  return std::clamp(twice < 0 ? 0 : twice / 540, 0, frames - 1);
}
/// The same for the middle of a frame of labels, and of a frame of the filter bank.
constexpr int activityOfFrame(int frame, int frames) {
  return nearestActivity(kFrame * frame + kFrame / 2, frames);
}
constexpr int activityOfFilterBankFrame(int frame, int frames) {
  return nearestActivity(kFrame * frame + kFilterBankSamples / 2, frames);
}

}  // namespace npuspeech::diar
