// SPDX-License-Identifier: LGPL-2.1-or-later
// Ids that stay with their speakers while clusters come, go and change.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/assignment.h"

namespace npuspeech::diar {

/// Gives each cluster the id that most of its voices had before. Not thread-safe. Keeps its working memory
/// from call to call.
class SpeakerIds {
 public:
  /// `most`: ids are below this.
  explicit SpeakerIds(int most) : most_(most) {}

  /// Begins a round for so many clusters, at most `most`.
  void begin(int clusters);
  /// Says that voices of this weight, now in `cluster`, had this id before; -1 where they had none.
  void vote(int cluster, int id, double weight);
  /// Voices that never had an id, and are too short for a cluster of their own, lean to the newest id: so a
  /// speaker whose cluster dissolves before its id has shown gets it back.
  void lean(int cluster, double weight) { vote(cluster, made_ - 1, weight); }
  /// The id of each cluster of the round. Ids that nobody voted for are new, as long as there are any.
  std::span<const int> decide();
  /// Says that an id became another one, and is not given back to anybody by lean().
  void retire(int id);

  /// How many ids were made.
  int made() const { return made_; }

 private:
  size_t columnOf(int id);

  int most_;
  int made_ = 0;
  int retired_ = -1;  // the newest id, if it may not come back
  int clusters_ = 0;
  Assignment assignment_;
  std::vector<int> voted_;  // the ids that got votes
  struct Vote {
    int cluster;
    size_t column;
    double weight;
  };
  std::vector<Vote> votes_;
  std::vector<double> scores_;
  std::vector<int> columns_, ids_;
};

}  // namespace npuspeech::diar
