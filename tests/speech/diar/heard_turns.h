// SPDX-License-Identifier: LGPL-2.1-or-later
// What a diarizer told, checked as it comes.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "speech/diar/diarizer.h"

namespace npuspeech::test {

using namespace diar;

/// Keeps what was told by frames of stream time.
class Heard : public DiarizerListener {
 public:
  using Labels = std::map<int64_t, std::set<int>>;

  void takeTurns(LabelState state, int64_t startNs, int64_t endNs,
                 std::span<const SpeakerTurn> turns) override {
    Labels& labels = of[static_cast<size_t>(state)];
    for (int64_t frame = startNs / kNsPerFrame; frame < endNs / kNsPerFrame; ++frame) {
      const bool isNew = !labels.contains(frame);
      labels[frame].clear();
      if (state != LabelState::Revised) {
        EXPECT_TRUE(isNew) << "told twice: " << frame;
      } else {
        EXPECT_TRUE(of[0].contains(frame)) << "revised before it was told";
        EXPECT_FALSE(of[2].contains(frame)) << "revised after it was final";
      }
    }
    int64_t last = startNs;
    for (const SpeakerTurn& turn : turns) {
      EXPECT_LE(last, turn.startNs);
      EXPECT_LT(turn.startNs, turn.endNs);
      EXPECT_LE(turn.endNs, endNs);
      last = turn.startNs;
      speakers.insert(turn.speaker);
      for (int64_t frame = turn.startNs / kNsPerFrame; frame < turn.endNs / kNsPerFrame; ++frame)
        labels[frame].insert(turn.speaker);
    }
  }
  void takeMerge(int from, int into) override { merges.push_back({from, into}); }
  const Labels& first() const { return of[0]; }
  const Labels& final() const { return of[2]; }

  std::array<Labels, 3> of;
  std::set<int> speakers;
  std::vector<SpeakerMerge> merges;
};

}  // namespace npuspeech::test
