// SPDX-License-Identifier: LGPL-2.1-or-later
// Average linkage against computing every mean anew; how many speakers are found; memory that is bounded.
#include "speech/diar/speaker_clusters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "speech/diar/unit_vector.h"
#include "tests/speech/diar/voices.h"

namespace npuspeech::diar {
namespace {

using test::makeVoice;
using test::Voice;

/// Around each of `people` a few embeddings, shuffled as by a talk.
std::vector<Voice> makeTalk(std::mt19937& random, int people, int each, double spread = 0.7) {
  std::vector<Voice> voices(static_cast<size_t>(people)), talk;
  for (Voice& voice : voices) voice = makeVoice(random);
  for (int i = 0; i < people * each; ++i)
    talk.push_back(makeVoice(random, &voices[static_cast<size_t>(i % people)], spread));
  std::shuffle(talk.begin(), talk.end(), random);
  return talk;
}

double meanDistance(const std::vector<Voice>& all, const std::vector<int>& a, const std::vector<int>& b) {
  double sum = 0;
  for (int i : a)
    for (int j : b) sum += 1 - std::inner_product(all[i].begin(), all[i].end(), all[j].begin(), 0.0);
  return sum / static_cast<double>(a.size() * b.size());
}

TEST(AverageLinkage, JoinsByTheMeanOverAllMembers) {
  std::mt19937 random(2);
  AverageLinkage linkage;
  for (int round = 0; round < 20; ++round) {
    const auto talk = makeTalk(random, 3, 8);
    std::vector<double> dots;
    for (const Voice& a : talk)
      for (const Voice& b : talk) dots.push_back(std::inner_product(a.begin(), a.end(), b.begin(), 0.0));
    linkage.run(dots, std::vector<double>(talk.size(), 1));
    ASSERT_EQ(linkage.joins().size(), talk.size() - 1);

    std::vector<std::vector<int>> members;
    for (size_t i = 0; i < talk.size(); ++i) members.push_back({static_cast<int>(i)});
    for (const auto& join : linkage.joins()) {
      double least = std::numeric_limits<double>::infinity();
      for (size_t i = 0; i < members.size(); ++i)
        for (size_t j = i + 1; j < members.size(); ++j)
          if (!members[i].empty() && !members[j].empty())
            least = std::min(least, meanDistance(talk, members[i], members[j]));
      EXPECT_LT(join.into, join.from);
      auto &into = members[join.into], &from = members[join.from];
      EXPECT_NEAR(join.distance, meanDistance(talk, into, from), 1e-9);
      EXPECT_NEAR(join.distance, least, 1e-9);
      into.insert(into.end(), from.begin(), from.end());
      from.clear();
    }
  }
}

SpeakerItems itemsOf(const std::vector<Voice>& talk, int capacity) {
  SpeakerItems items(capacity);
  for (const Voice& voice : talk) {
    items.add(voice, 100);
    items.limit();
  }
  return items;
}

TEST(SpeakerItems, KeepsSumsAndCountsInBoundedMemory) {
  std::mt19937 random(3);
  const auto talk = makeTalk(random, 4, 200);
  const SpeakerItems items = itemsOf(talk, 128);
  EXPECT_EQ(items.size(), 128);
  EXPECT_EQ(items.total(), 800);
  std::array<double, kEmbedding> sum{}, expected{};
  for (int i = 0; i < items.size(); ++i)
    for (size_t d = 0; d < sum.size(); ++d) sum[d] += items[i].sum[d];
  for (const Voice& voice : talk)
    for (size_t d = 0; d < sum.size(); ++d) expected[d] += static_cast<double>(voice[d]);
  for (size_t d = 0; d < sum.size(); ++d) EXPECT_NEAR(sum[d], expected[d], 1e-9);
  std::vector<double> dots;
  items.dots(dots);
  for (int i = 0; i < items.size(); ++i)
    for (int j = 0; j < items.size(); ++j)
      ASSERT_NEAR(dots[i * items.size() + j],
                  std::inner_product(items[i].sum.begin(), items[i].sum.end(), items[j].sum.begin(), 0.0),
                  1e-7);
}

TEST(SpeakerItems, MemoryThatIsBoundedFindsTheSameSpeakers) {
  std::mt19937 random(4);
  const auto talk = makeTalk(random, 5, 100);
  SpeakerClusters bounded, all;
  bounded.find(itemsOf(talk, 128), {});
  all.find(itemsOf(talk, 1000), {});
  ASSERT_EQ(bounded.centroids().size(), 5u);
  ASSERT_EQ(all.centroids().size(), 5u);
  for (const Centroid& voice : bounded.centroids())
    EXPECT_GT(cosine(voice, all.centroids()[nearestCentroid(voice, all.centroids())]), 0.9999f);
}

TEST(SpeakerClusters, NeverFindsMoreOrFewerThanTold) {
  std::mt19937 random(5);
  SpeakerClusters clusters;
  for (int round = 0; round < 60; ++round) {
    const int people = 1 + static_cast<int>(random() % 6), each = 1 + static_cast<int>(random() % 8);
    const auto talk = makeTalk(random, people, each, round % 2 ? 0.7 : 1.5);
    ClusterOptions options{.fewestWindows = 1 + static_cast<int>(random() % 4)};
    options.count.least = 1 + static_cast<int>(random() % 5);
    options.count.most = options.count.least + static_cast<int>(random() % 3);
    const auto items = itemsOf(talk, 128);
    clusters.find(items, options);
    const auto found = static_cast<int>(clusters.centroids().size());
    EXPECT_LE(found, options.count.most);
    EXPECT_GE(found, std::min(options.count.least, items.size()));
    for (int speaker : clusters.nearest()) EXPECT_TRUE(speaker >= 0 && speaker < found);
  }
}

TEST(SpeakerClusters, FindsNobodyInNothing) {
  SpeakerClusters clusters;
  clusters.find(SpeakerItems(8), {});
  EXPECT_TRUE(clusters.centroids().empty());
}

}  // namespace
}  // namespace npuspeech::diar
