// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns of two recordings, as the real networks heard them, against an independent implementation.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "speech/diar/assignment.h"
#include "speech/diar/diarizer.h"
#include "speech/diar/label_smoothing.h"
#include "tests/speech/diar/clustering_reference.h"
#include "tests/speech/diar/heard_turns.h"

namespace npuspeech::test {
namespace {

/// Hears what the real networks heard.
class FromReference : public DiarizationModels {
 public:
  explicit FromReference(const ClusteringReference& reference) : reference_(reference) {
    embeddings_ = reference.array("emb").values;
  }
  void segment(std::span<const float>, std::span<float> activities) override {
    const auto& from = reference_.windows[window_++].activities;
    ASSERT_EQ(from.size(), activities.size());
    std::copy(from.begin(), from.end(), activities.begin());
  }
  void filterBank(std::span<const float>, std::span<float> frames) override {
    const bool isTelephone = reference_.name == "b";
    for (size_t i = 0; i < frames.size(); ++i) frames[i] = isTelephone && i % kMelBins > 60 ? -15.0f : -2.0f;
  }
  void embed(std::span<const float>, std::span<float> embedding) override {
    std::copy_n(&embeddings_[kEmbedding * row_++], kEmbedding, embedding.begin());
  }
  void detectSpeech(std::span<const float>, std::span<float> probabilities) override {
    std::fill(probabilities.begin(), probabilities.end(), 1.0f);
  }
  void restart() override {}

 private:
  const ClusteringReference& reference_;
  std::vector<float> embeddings_;
  size_t window_ = 0, row_ = 0;
};

class DiarizerReference : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    NPUSPEECH_REQUIRE(std::filesystem::exists(ClusteringReference::path()), ClusteringReference::path());
  }
  /// How many frames have other speakers than expected, under the best renaming.
  static int64_t differences(const Heard::Labels& labels, const ClusteringReference& reference,
                             const char* decisions) {
    const auto expected = reference.decisions(decisions);
    std::vector<FrameSpeakers> frames(expected.size());
    for (size_t frame = 0; frame < frames.size(); ++frame)
      for (size_t id = 0; id < expected[frame].size(); ++id)
        if (expected[frame][id]) frames[frame].add(static_cast<int>(id));
    LabelSmoothing().fillGaps(frames);
    std::map<std::pair<int, int>, int64_t> together;
    for (const auto& [frame, speakers] : labels)
      for (int id : frames[static_cast<size_t>(frame)].ids)
        for (int speaker : speakers)
          if (id >= 0) ++together[{id, speaker}];
    constexpr int kMost = 16;
    std::vector<double> scores(kMost * kMost);
    for (const auto& [pair, count] : together)
      scores[static_cast<size_t>(pair.first * kMost + pair.second)] = static_cast<double>(count);
    std::vector<int> names(kMost);
    Assignment().solve(scores, kMost, kMost, names);
    EXPECT_EQ(labels.size(), frames.size());
    int64_t different = 0;
    for (const auto& [frame, speakers] : labels) {
      std::set<int> here;
      for (int id : frames[static_cast<size_t>(frame)].ids)
        if (id >= 0) here.insert(names[static_cast<size_t>(id)]);
      different += here != speakers;
    }
    return different;
  }
};

TEST_P(DiarizerReference, LabelsARecordingTheSame) {
  const auto reference = ClusteringReference::read(GetParam());
  FromReference models(reference);
  Heard heard;
  Diarizer diarizer({.live = false}, models, heard);
  diarizer.push(std::vector<float>(static_cast<size_t>(reference.frames) * kFrame), 0);
  diarizer.drain();
  EXPECT_EQ(differences(heard.final(), reference, "out_offline"), 0);
  EXPECT_TRUE(heard.first().empty());
}

TEST_P(DiarizerReference, LabelsLiveSoundTheSame) {
  const auto reference = ClusteringReference::read(GetParam());
  FromReference models(reference);
  Heard heard;
  Diarizer diarizer({}, models, heard);
  diarizer.push(std::vector<float>(static_cast<size_t>(reference.frames) * kFrame), 0);
  diarizer.drain();
  // Gaps are filled before what follows them is final, so that single ones may be filled otherwise.
  EXPECT_LE(differences(heard.final(), reference, "out_30s"), reference.frames / 1000);
}

INSTANTIATE_TEST_SUITE_P(Recordings, DiarizerReference, testing::Values("a", "b"));

}  // namespace
}  // namespace npuspeech::test
