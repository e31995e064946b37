// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns without the gaps that breathing makes, and without those in which nobody speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/frame_labels.h"

namespace npuspeech::diar {

/// Works on a stretch of frames that follow each other in time. Not thread-safe. Keeps its working memory.
class LabelSmoothing {
 public:
  /// A speaker who goes on within 0.5 s has not stopped.
  void fillGaps(std::span<FrameSpeakers> frames);
  /// Drops turns that have too little speech. `isSpeech`: of each frame.
  void dropSilent(std::span<FrameSpeakers> frames, std::span<const uint8_t> isSpeech);

 private:
  struct Turn {
    size_t start = 0, end = 0;  // none where both are 0
    size_t speech = 0;          // frames
  };
  Turn& turnOf(int id);
  static void closeTurn(std::span<FrameSpeakers> frames, int id, const Turn& turn);

  std::vector<Turn> turns_;  // the last of each id
};

}  // namespace npuspeech::diar
