// SPDX-License-Identifier: LGPL-2.1-or-later
// Which speaker each voice of a window is.
#include "speech/diar/window_speakers.h"

#include "speech/diar/unit_vector.h"

namespace npuspeech::diar {
namespace {

/// Voices that truly overlap have little clean speech, and embeddings that resemble each other: they are left
/// apart.
constexpr int kCleanToJoin = 30;
constexpr double kMoreAlike = 0.2, kUnlike = -9;

}  // namespace

WindowSpeakers::Speakers WindowSpeakers::pair(const HeardWindow& window, std::span<const Centroid> centroids,
                                              int leastClean) {
  Speakers speakers;
  speakers.fill(-1);
  rows_ = 0;
  cosines_.clear();
  for (int voice = 0; voice < kLocalSpeakers; ++voice) {
    if (!window.speakers[voice].isEmbedded || window.speakers[voice].cleanFrames < leastClean) continue;
    voices_[rows_++] = voice;
    for (const Centroid& centroid : centroids)
      cosines_.push_back(cosine(window.speakers[voice].embedding, centroid));
  }
  if (rows_ == 0 || centroids.empty()) return speakers;
  std::array<int, kLocalSpeakers> columns{};
  assignment_.solve(cosines_, rows_, static_cast<int>(centroids.size()),
                    std::span(columns).first(static_cast<size_t>(rows_)));
  for (int row = 0; row < rows_; ++row) speakers[voices_[row]] = columns[row];
  return speakers;
}

WindowSpeakers::Speakers WindowSpeakers::assign(const HeardWindow& window,
                                                std::span<const Centroid> centroids) {
  const Speakers paired = pair(window, centroids);
  Speakers joined = paired;
  for (int row = 0; row < rows_; ++row) {
    const int voice = voices_[row];
    if (window.speakers[voice].cleanFrames < kCleanToJoin) continue;
    const double* alike = &cosines_[static_cast<size_t>(row) * centroids.size()];
    int best = -1;
    for (int other = 0; other < kLocalSpeakers; ++other) {
      const int speaker = paired[other];
      if (other != voice && speaker >= 0 && (best < 0 || alike[speaker] > alike[best])) best = speaker;
    }
    const double own = paired[voice] >= 0 ? alike[paired[voice]] : kUnlike;
    if (best >= 0 && alike[best] > own + kMoreAlike) joined[voice] = best;
  }
  return joined;
}

}  // namespace npuspeech::diar
