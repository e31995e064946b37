// SPDX-License-Identifier: LGPL-2.1-or-later
// Who speaks from when to when, as a diarizer tells it.
#include "speech/diar/speaker_turn.h"

namespace npuspeech::diar {

void writeTurns(std::span<const FrameSpeakers> frames, int64_t startFrame, const SoundRuns::Run& run,
                std::vector<SpeakerTurn>& out) {
  out.clear();
  for (size_t frame = 0; frame < frames.size(); ++frame) {
    const int64_t startNs = run.timeOf(startFrame + static_cast<int64_t>(frame));
    for (const int id : frames[frame].ids) {
      if (id < 0) continue;
      if (frame > 0 && frames[frame - 1].has(id)) {
        for (auto turn = out.rbegin(); turn != out.rend(); ++turn) {
          if (turn->speaker != id) continue;
          turn->endNs = startNs + kNsPerFrame;
          break;
        }
      } else {
        out.push_back({startNs, startNs + kNsPerFrame, id});
      }
    }
  }
}

}  // namespace npuspeech::diar
