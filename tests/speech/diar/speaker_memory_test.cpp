// SPDX-License-Identifier: LGPL-2.1-or-later
// Ids at every window and labels of every frame, against an independent implementation.
#include "speech/diar/speaker_memory.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "speech/diar/frame_labels.h"
#include "tests/speech/diar/clustering_reference.h"

namespace npuspeech::test {
namespace {

using namespace diar;

class SpeakerMemoryReference : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    NPUSPEECH_REQUIRE(std::filesystem::exists(ClusteringReference::path()), ClusteringReference::path());
  }
};

TEST_P(SpeakerMemoryReference, ChoosesTheSameFrames) {
  const auto reference = ClusteringReference::read(GetParam());
  std::vector<int> chosen;
  for (const HeardWindow& window : reference.windows) {
    const int samples = window.frames * kFrame;
    ASSERT_EQ(window.activityFrames(), activityFrames(samples));
    for (int voice = 0; voice < kLocalSpeakers; ++voice) {
      LocalSpeaker speaker;
      chooseFrames(window.activities, filterBankFrames(samples), voice, speaker, chosen);
      ASSERT_EQ(!chosen.empty(), window.speakers[voice].isEmbedded) << window.startFrame;
      if (chosen.empty()) continue;
      EXPECT_EQ(speaker.cleanFrames, window.speakers[voice].cleanFrames) << window.startFrame;
      EXPECT_EQ(speaker.activeFrames, window.speakers[voice].activeFrames) << window.startFrame;
    }
  }
}

TEST_P(SpeakerMemoryReference, GivesTheSameIdsAtEveryHop) {
  const auto reference = ClusteringReference::read(GetParam());
  const Npy ids = reference.array("ids_at_hop");
  const auto columns = static_cast<size_t>(ids.dims[1]);
  SpeakerMemory memory({});
  std::vector<int> before(columns, -1);  // what windows had when they were left alone
  for (size_t hop = 0; hop < reference.windows.size(); ++hop) {
    memory.next() = reference.windows[hop];
    memory.take();
    for (size_t row = 0; row < columns; ++row) {
      const auto& [window, voice, clean, active] = reference.rows[row];
      if (window > static_cast<int64_t>(hop)) break;
      if (static_cast<int64_t>(hop) - window < SpeakerMemory::kKept)
        before[row] = memory[window].speakers[voice].id;
      ASSERT_EQ(before[row], static_cast<int>(ids.values[hop * columns + row]))
          << "hop " << hop << " row " << row;
    }
  }
}

/// Compares decisions of `labels` from `startFrame` on.
void expectSame(std::span<const FrameSpeakers> labels, int64_t startFrame,
                const std::vector<std::vector<bool>>& expected) {
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto frame = static_cast<size_t>(startFrame) + i;
    for (size_t id = 0; id < expected[frame].size(); ++id)
      ASSERT_EQ(labels[i].has(static_cast<int>(id)), expected[frame][id])
          << "frame " << frame << " id " << id;
  }
}

TEST_P(SpeakerMemoryReference, LabelsTheSameFramesFirstAndFrozen) {
  const auto reference = ClusteringReference::read(GetParam());
  const auto first = reference.decisions("out_2s"), frozen = reference.decisions("out_30s");
  SpeakerMemory memory({});
  FrameLabels labels;
  std::vector<FrameSpeakers> out;
  for (size_t hop = 0; hop < reference.windows.size(); ++hop) {
    memory.next() = reference.windows[hop];
    memory.take();
    const bool isLast = hop + 1 == reference.windows.size();
    const auto check = [&](int64_t delay, int64_t count, WindowWeight weight, const auto& expected) {
      const int64_t end = static_cast<int64_t>(hop + 1) * kHopFrames - delay;
      const int64_t start = std::max<int64_t>(0, end - kHopFrames), stop = isLast ? reference.frames : end;
      if (stop <= start) return;
      std::vector<const HeardWindow*> windows;
      for (int64_t index = std::max<int64_t>(0, memory.size() - count); index < memory.size(); ++index)
        windows.push_back(&memory[index]);
      out.resize(static_cast<size_t>(stop - start));
      labels.decide(windows, weight, start, out);
      expectSame(out, start, expected);
    };
    check(200, 2, WindowWeight::Hamming, first);
    check(3000, SpeakerMemory::kKept, WindowWeight::Flat, frozen);
  }
}

INSTANTIATE_TEST_SUITE_P(Recordings, SpeakerMemoryReference, testing::Values("a", "b"));

}  // namespace
}  // namespace npuspeech::test
