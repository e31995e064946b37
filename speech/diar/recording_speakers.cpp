// SPDX-License-Identifier: LGPL-2.1-or-later
// The speakers of a whole recording.
#include "speech/diar/recording_speakers.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "speech/diar/quiet_speech.h"
#include "speech/diar/speaker_items.h"
#include "speech/diar/unit_vector.h"
#include "speech/diar/window_speakers.h"

namespace npuspeech::diar {
namespace {

constexpr int kItems = 1024;
/// Rounds in which each window's voices choose among the speakers, and the speakers become what chose them.
constexpr int kRounds = 3;

void refine(std::span<const HeardWindow> windows, std::span<Centroid> centroids) {
  WindowSpeakers speakers;
  std::vector<Centroid> sums(centroids.size());
  for (const HeardWindow& window : windows) {
    const auto paired = speakers.pair(window, centroids, kCleanToCluster);
    for (size_t voice = 0; voice < kLocalSpeakers; ++voice) {
      if (paired[voice] < 0) continue;
      Centroid& sum = sums[static_cast<size_t>(paired[voice])];
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += window.speakers[voice].embedding[i];
    }
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    if (std::inner_product(sums[i].begin(), sums[i].end(), sums[i].begin(), 0.0f) == 0) continue;
    normalize(sums[i]);
    centroids[i] = sums[i];
  }
}

/// Gives voices their speakers, and returns how many speakers have any. `joins`: voices of a window may have
/// the same.
size_t assign(std::span<HeardWindow> windows, std::span<const Centroid> centroids, bool joins) {
  WindowSpeakers speakers;
  std::vector<bool> isThere(centroids.size());
  for (HeardWindow& window : windows) {
    const auto assigned = joins ? speakers.assign(window, centroids) : speakers.pair(window, centroids);
    for (size_t voice = 0; voice < kLocalSpeakers; ++voice) {
      window.speakers[voice].id = assigned[voice];
      if (assigned[voice] >= 0) isThere[static_cast<size_t>(assigned[voice])] = true;
    }
  }
  return static_cast<size_t>(std::count(isThere.begin(), isThere.end(), true));
}

}  // namespace

void findSpeakers(std::span<HeardWindow> windows, const ClusterOptions& options) {
  SpeakerItems items(kItems);
  for (const HeardWindow& window : windows) {
    for (const LocalSpeaker& speaker : window.speakers)
      if (speaker.isEmbedded && speaker.cleanFrames >= kCleanToCluster)
        items.add(speaker.embedding, speaker.cleanFrames, speaker.speechShare);
    items.limit();
  }
  SpeakerClusters clusters;
  clusters.find(items, options);
  QuietSpeech quietSpeech;
  quietSpeech.find(items, clusters);
  for (HeardWindow& window : windows) quietSpeech.recognise(window, options.cut);
  std::vector<Centroid> centroids(clusters.centroids().begin(), clusters.centroids().end());
  for (int round = 0; round < kRounds; ++round) refine(windows, centroids);
  const auto least = std::min(static_cast<size_t>(std::max(options.count.least, 1)), centroids.size());
  if (assign(windows, centroids, true) >= least) return;
  // Speakers that are only there because so many were told to be lose all windows to others who are like
  // them.
  centroids.assign(clusters.centroids().begin(), clusters.centroids().end());
  if (assign(windows, centroids, true) < least) assign(windows, centroids, false);
}

}  // namespace npuspeech::diar
