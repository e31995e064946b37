// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns without the gaps that breathing makes, and without those in which nobody speaks.
#include "speech/diar/label_smoothing.h"

#include <algorithm>

#include "speech/diar/local_speakers.h"

namespace npuspeech::diar {
namespace {

constexpr size_t kLongestGap = 50;  // frames
/// Short turns have to be speech for so many frames, or where they are shorter than 1 s for this share.
constexpr double kSurelySpeech = 30;
constexpr double kLeastOfShort = 0.3;

}  // namespace

LabelSmoothing::Turn& LabelSmoothing::turnOf(int id) {
  if (static_cast<size_t>(id) >= turns_.size()) turns_.resize(static_cast<size_t>(id) + 1);
  return turns_[static_cast<size_t>(id)];
}

void LabelSmoothing::fillGaps(std::span<FrameSpeakers> frames) {
  turns_.clear();
  for (size_t frame = 0; frame < frames.size(); ++frame) {
    for (const int id : frames[frame].ids) {
      if (id < 0) continue;
      Turn& turn = turnOf(id);
      if (turn.end > 0 && frame - turn.end <= kLongestGap)
        for (size_t gap = turn.end; gap < frame; ++gap) frames[gap].add(id);
      turn.end = frame + 1;
    }
  }
}

void LabelSmoothing::dropSilent(std::span<FrameSpeakers> frames, std::span<const uint8_t> isSpeech) {
  turns_.clear();
  for (size_t frame = 0; frame < frames.size(); ++frame) {
    for (const int id : frames[frame].ids) {
      if (id < 0) continue;
      Turn& turn = turnOf(id);
      if (turn.end != frame || frame == 0) {
        closeTurn(frames, id, turn);
        turn = {.start = frame};
      }
      turn.end = frame + 1;
      turn.speech += isSpeech[frame] != 0;
    }
  }
  for (size_t id = 0; id < turns_.size(); ++id) closeTurn(frames, static_cast<int>(id), turns_[id]);
}

void LabelSmoothing::closeTurn(std::span<FrameSpeakers> frames, int id, const Turn& turn) {
  const auto length = static_cast<double>(turn.end - turn.start);
  const double least = std::max(kLeastSpeech * length, std::min(kSurelySpeech, kLeastOfShort * length));
  if (static_cast<double>(turn.speech) >= least) return;
  for (size_t frame = turn.start; frame < turn.end; ++frame) frames[frame].remove(id);
}

}  // namespace npuspeech::diar
