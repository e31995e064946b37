// SPDX-License-Identifier: LGPL-2.1-or-later
// Where people speak in the newest part of a stream, and where it may be cut.
#include "speech/audio/speech_track.h"

#include <algorithm>

namespace npuspeech {
namespace {

constexpr float kFrameSeconds = 0.032f;
/// Pauses are compared up to this length: any longer one parts sentences just as well.
constexpr float kLongPauseSeconds = 0.8f;
/// What a second of a longer window is worth, in seconds of pause.
constexpr float kLaterIsBetter = 0.02f;
/// Where nobody pauses, the cut falls within this many frames (5 s) before the limit.
constexpr int64_t kForcedCutWithin = 156;
/// With fewer frames (1 s) to compare with, any would be a lull.
constexpr int64_t kLeastBeforeLull = 31;

}  // namespace

SpeechTrack::SpeechTrack(int capacity, float on, float off)
    : on_(on), off_(std::min(on, off)), frames_(static_cast<size_t>(capacity)) {}

void SpeechTrack::reset() {
  size_ = 0;
}

void SpeechTrack::push(float probability, float energy) {
  const bool before = size_ > 0 && (*this)[size_ - 1].speech;
  frames_[static_cast<size_t>(size_++) % frames_.size()] = {probability, energy,
                                                            probability >= (before ? off_ : on_)};
}

int64_t SpeechTrack::bestCut(int64_t first, int64_t limit, int64_t last, int64_t padding) const {
  while (first < limit && !(*this)[first].speech) ++first;
  int64_t best = -1, bestEnd = -1;
  float bestScore = 0;
  for (int64_t begin = first, end; begin <= limit; begin = end + 1) {
    for (end = begin; end <= last && !(*this)[end].speech;) ++end;
    if (end == begin) continue;
    const float score = std::min(static_cast<float>(end - begin) * kFrameSeconds, kLongPauseSeconds) +
                        static_cast<float>(begin - first) * kFrameSeconds * kLaterIsBetter;
    if (score < bestScore) continue;
    best = begin, bestEnd = end, bestScore = score;
  }
  if (best < 0) return quietest(std::max(first + 1, limit - kForcedCutWithin), limit);
  return bestEnd - best >= padding ? bestEnd : quietest(best, bestEnd - 1);
}

bool SpeechTrack::isLull(int64_t end) const {
  return end >= kLeastBeforeLull &&
         quietest(std::max(end - kForcedCutWithin, int64_t{0}), end - 1) == end - 1;
}

int64_t SpeechTrack::quietest(int64_t first, int64_t last) const {
  int64_t best = first;
  for (int64_t f = first + 1; f <= last; ++f) {
    const Frame &frame = (*this)[f], &other = (*this)[best];
    if (frame.probability < other.probability ||
        (frame.probability == other.probability && frame.energy <= other.energy))
      best = f;
  }
  return best;
}

}  // namespace npuspeech
