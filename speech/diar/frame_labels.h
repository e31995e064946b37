// SPDX-License-Identifier: LGPL-2.1-or-later
// Who speaks in each frame of 10 ms, by the windows that have heard it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/local_speakers.h"

namespace npuspeech::diar {

/// The speakers of a frame by their ids, of which each comes once. Unused places are -1.
struct FrameSpeakers {
  static constexpr int kMost = kLocalSpeakers;
  std::array<int, kMost> ids{-1, -1, -1};

  bool has(int id) const { return std::find(ids.begin(), ids.end(), id) != ids.end(); }
  /// Does nothing where as many speak already.
  void add(int id) {
    const auto place = std::find(ids.begin(), ids.end(), -1);
    if (!has(id) && place != ids.end()) *place = id;
  }
  void remove(int id) { std::replace(ids.begin(), ids.end(), id, -1); }
  bool operator==(const FrameSpeakers& other) const {
    return std::all_of(ids.begin(), ids.end(), [&](int id) { return other.has(id); }) &&
           std::all_of(other.ids.begin(), other.ids.end(), [&](int id) { return has(id); });
  }
};

/// How much each window says about a frame: in its middle more than at its edges, or always the same.
enum class WindowWeight { Hamming, Flat };

/// Decides by the mean of windows how many speak, and who. Not thread-safe. Keeps its working memory.
class FrameLabels {
 public:
  /// Writes the speakers of the frames from `startFrame` on. `windows`: those that may have heard them.
  void decide(std::span<const HeardWindow* const> windows, WindowWeight weight, int64_t startFrame,
              std::span<FrameSpeakers> out);

 private:
  size_t columnOf(int id);
  void addWindow(const HeardWindow& window, WindowWeight weight, int64_t startFrame, size_t frames);

  std::vector<int> ids_;            // that any window has, a column each, in ascending order
  std::vector<double> activities_;  // [frames][ids]
  std::vector<double> counts_, weights_;
};

}  // namespace npuspeech::diar
