// SPDX-License-Identifier: LGPL-2.1-or-later
// Two recordings as the networks heard them, with what the clustering made of each window.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "speech/diar/local_speakers.h"
#include "speech/diar/telephone_band.h"
#include "speech/diar/unit_vector.h"
#include "tests/support/npy.h"
#include "tests/support/recordings.h"

namespace npuspeech::test {

/// A recording of reference/diarization/ref_clustering.npz: "a", of 30 s, or "b", of 169 s by telephone.
struct ClusteringReference {
  struct Row {
    int64_t window;
    int voice;
    int clean, active;
  };
  std::string name;
  int frames = 0;
  std::vector<diar::HeardWindow> windows;
  std::vector<Row> rows;

  Npy array(const std::string& what) const { return *readNpz(path(), name + "_" + what); }
  /// Decisions by frame and id, as "_out_2s" has them.
  std::vector<std::vector<bool>> decisions(const std::string& what) const {
    const Npy packed = array(what);
    const auto columns = static_cast<size_t>(packed.dims[1]);
    std::vector<std::vector<bool>> out(static_cast<size_t>(frames), std::vector<bool>(columns));
    for (size_t frame = 0; frame < out.size(); ++frame)
      for (size_t column = 0; column < columns; ++column)
        out[frame][column] =
            (static_cast<int>(packed.values[frame / 8 * columns + column]) >> (7 - frame % 8)) & 1;
    return out;
  }

  static std::string path() { return sharedFile("reference/diarization/ref_clustering.npz"); }
  static ClusteringReference read(const std::string& name) {
    ClusteringReference reference;
    reference.name = name;
    reference.frames = static_cast<int>(reference.array("frames").values[0]);
    const Npy activities = reference.array("seg"), lengths = reference.array("seg_len");
    const float* next = activities.values.data();
    for (size_t index = 0; index < lengths.values.size(); ++index) {
      diar::HeardWindow window;
      const auto end = static_cast<int64_t>(index + 1) * diar::kHopFrames;
      window.startFrame = std::max<int64_t>(0, end - diar::kWindowFrames);
      window.frames = static_cast<int>(end - window.startFrame);
      const auto count = static_cast<size_t>(lengths.values[index]) * diar::kLocalSpeakers;
      window.activities.assign(next, next + count);
      next += count;
      reference.windows.push_back(std::move(window));
    }
    const Npy rows = reference.array("rows"), embeddings = reference.array("emb");
    for (size_t row = 0; row < static_cast<size_t>(rows.dims[0]); ++row) {
      const float* values = &rows.values[row * 4];
      reference.rows.push_back({static_cast<int64_t>(values[0]), static_cast<int>(values[1]),
                                static_cast<int>(values[2]), static_cast<int>(values[3])});
      auto& speaker =
          reference.windows[static_cast<size_t>(values[0])].speakers[static_cast<size_t>(values[1])];
      speaker.isEmbedded = true;
      speaker.cleanFrames = static_cast<int>(values[2]);
      speaker.activeFrames = static_cast<int>(values[3]);
      std::copy_n(&embeddings.values[row * diar::kEmbedding], diar::kEmbedding, speaker.embedding.begin());
      diar::normalize(speaker.embedding);
      if (name == "b") diar::centreTelephone(speaker.embedding);
    }
    return reference;
  }
};

}  // namespace npuspeech::test
