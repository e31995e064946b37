// SPDX-License-Identifier: LGPL-2.1-or-later
// Who speaks from when to when, as a diarizer tells it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/frame_labels.h"
#include "speech/diar/sound_runs.h"

namespace npuspeech {

/// A speaker says something. Several may at once. Times are stream times in ns.
struct SpeakerTurn {
  int64_t startNs = 0, endNs = 0;
  /// Counts from 0 in the order in which speakers were first told.
  int speaker = 0;
};

/// How sure labels are.
enum class LabelState {
  First,    // as soon as there are any
  Revised,  // other than told before, as more was heard
  Final,    // they stay
};

/// Takes what a diarizer finds. Called on the thread that calls the diarizer. What spans point to is valid
/// during the call only.
class DiarizerListener {
 public:
  virtual ~DiarizerListener() = default;
  /// These are all turns in [startNs, endNs), cut at both ends, in the order of their starts. They replace
  /// what was told of this time before.
  virtual void takeTurns(LabelState state, int64_t startNs, int64_t endNs,
                         std::span<const SpeakerTurn> turns) = 0;
  /// What was told as speaker `from` was speaker `into`.
  virtual void takeMerge(int from, int into) = 0;
};

namespace diar {

/// Writes the turns of frames of one run, of which the first is `startFrame`.
void writeTurns(std::span<const FrameSpeakers> frames, int64_t startFrame, const SoundRuns::Run& run,
                std::vector<SpeakerTurn>& out);

}  // namespace diar
}  // namespace npuspeech
