// SPDX-License-Identifier: LGPL-2.1-or-later
// The speakers of a whole recording.
#pragma once

#include <span>

#include "speech/diar/local_speakers.h"
#include "speech/diar/speaker_clusters.h"

namespace npuspeech::diar {

/// Gives each voice of all windows the id of its speaker. Ids are consecutive, from 0. Once there are more
/// than about a thousand voices, the most alike of the older half are clustered as one.
void findSpeakers(std::span<HeardWindow> windows, const ClusterOptions& options);

}  // namespace npuspeech::diar
