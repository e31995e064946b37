// SPDX-License-Identifier: LGPL-2.1-or-later
// When the frames of labels were, where sound broke off and went on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

/// Frames of labels are counted over all sound of a session, and each run of sound says when its frames were.
/// Not thread-safe.
class SoundRuns {
 public:
  struct Run {
    int64_t startFrame = 0, endFrame = 0;
    int64_t startNs = 0;

    int64_t timeOf(int64_t frame) const { return startNs + (frame - startFrame) * kNsPerFrame; }
  };

  void clear() { runs_.clear(); }
  /// A run begins that has no frames yet.
  void begin(int64_t startFrame, int64_t startNs) { runs_.push_back({startFrame, startFrame, startNs}); }
  /// The last run lasts up to this frame.
  void extend(int64_t endFrame) { runs_.back().endFrame = endFrame; }
  /// Forgets runs that end at this frame or before, but for the last one.
  void forget(int64_t frame) {
    const auto first =
        std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.endFrame > frame; });
    runs_.erase(runs_.begin(), std::min(first, runs_.empty() ? first : runs_.end() - 1));
  }
  const std::vector<Run>& all() const { return runs_; }

  /// Calls visit(run, start, end) for each part of the frames [start, end) that is of one run.
  template <class Visit>
  void visit(int64_t start, int64_t end, Visit&& visit) const {
    for (const Run& run : runs_) {
      const int64_t from = std::max(start, run.startFrame), to = std::min(end, run.endFrame);
      if (from < to) visit(run, from, to);
    }
  }

 private:
  std::vector<Run> runs_;
};

}  // namespace npuspeech::diar
