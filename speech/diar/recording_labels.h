// SPDX-License-Identifier: LGPL-2.1-or-later
// Labels of a whole recording.
#pragma once

#include <cstdint>
#include <span>

#include "speech/diar/local_speakers.h"
#include "speech/diar/sound_runs.h"
#include "speech/diar/speaker_clusters.h"
#include "speech/diar/speaker_turn.h"

namespace npuspeech::diar {

/// Finds the speakers of all windows, which are in the order of their ends, and tells the turns of each run
/// as final. `isSpeech`: of each frame. Speakers are numbered in the order in which they speak first.
void labelRecording(std::span<HeardWindow> windows, std::span<const uint8_t> isSpeech, const SoundRuns& runs,
                    const ClusterOptions& options, DiarizerListener& listener);

}  // namespace npuspeech::diar
