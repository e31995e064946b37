// SPDX-License-Identifier: LGPL-2.1-or-later
// Which speaker each voice of a window is.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "speech/diar/assignment.h"
#include "speech/diar/local_speakers.h"
#include "speech/diar/speaker_clusters.h"

namespace npuspeech::diar {

/// Pairs the voices of a window with speakers. Not thread-safe. Keeps its working memory from call to call.
class WindowSpeakers {
 public:
  /// For each voice the index of its speaker; -1 for none.
  using Speakers = std::array<int, kLocalSpeakers>;

  /// Pairs voices with speakers so that they are the most alike together and no two voices have the same
  /// speaker. Voices that are not embedded, or have fewer clean frames than `leastClean`, have none.
  Speakers pair(const HeardWindow& window, std::span<const Centroid> centroids, int leastClean = 0);
  /// The same, but where the segmentation has split one voice in two, both have the same speaker: a voice
  /// with enough clean speech goes to the speaker of another one if it is much more like that.
  Speakers assign(const HeardWindow& window, std::span<const Centroid> centroids);

 private:
  Assignment assignment_;
  std::vector<double> cosines_;
  std::array<int, kLocalSpeakers> voices_{};  // of each row of cosines_
  int rows_ = 0;
};

}  // namespace npuspeech::diar
