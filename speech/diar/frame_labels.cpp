// SPDX-License-Identifier: LGPL-2.1-or-later
// Who speaks in each frame of 10 ms, by the windows that have heard it.
#include "speech/diar/frame_labels.h"

#include <cmath>
#include <numbers>

namespace npuspeech::diar {
namespace {

constexpr float kCounts = 0.3f;
constexpr double kLeast = 0.01;

double weightOf(WindowWeight weight, int frame, int frames) {
  return weight == WindowWeight::Flat ? 1 : 0.54 - 0.46 * std::cos(2 * std::numbers::pi * frame / frames);
}

}  // namespace

size_t FrameLabels::columnOf(int id) {
  return static_cast<size_t>(std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin());
}

void FrameLabels::decide(std::span<const HeardWindow* const> windows, WindowWeight weight, int64_t startFrame,
                         std::span<FrameSpeakers> out) {
  ids_.clear();
  for (const HeardWindow* window : windows)
    for (const LocalSpeaker& speaker : window->speakers)
      if (speaker.id >= 0) ids_.push_back(speaker.id);
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());

  activities_.assign(out.size() * ids_.size(), 0.0);
  counts_.assign(out.size(), 0.0);
  weights_.assign(out.size(), 0.0);
  for (const HeardWindow* window : windows) addWindow(*window, weight, startFrame, out.size());

  for (size_t frame = 0; frame < out.size(); ++frame) {
    out[frame] = {};
    if (weights_[frame] == 0) continue;
    double* row = activities_.data() + frame * ids_.size();
    auto speakers = static_cast<int>(std::nearbyint(counts_[frame] / weights_[frame]));
    for (; speakers > 0; --speakers) {
      double* most = std::max_element(row, row + ids_.size());
      if (most == row + ids_.size() || *most <= kLeast * weights_[frame]) break;
      out[frame].add(ids_[static_cast<size_t>(most - row)]);
      *most = 0;
    }
  }
}

/// Voices that are of one speaker are one: the surer one counts.
void FrameLabels::addWindow(const HeardWindow& window, WindowWeight weight, int64_t startFrame,
                            size_t frames) {
  const int64_t first = std::max(startFrame, window.startFrame);
  const int64_t end = std::min(startFrame + static_cast<int64_t>(frames), window.endFrame());
  for (int64_t frame = first; frame < end; ++frame) {
    const auto inWindow = static_cast<int>(frame - window.startFrame);
    const auto row = static_cast<size_t>(frame - startFrame);
    const double here = weightOf(weight, inWindow, window.frames);
    const float* voices =
        &window.activities[static_cast<size_t>(activityOfFrame(inWindow, window.activityFrames())) *
                           kLocalSpeakers];
    int speaking = 0;
    for (int voice = 0; voice < kLocalSpeakers; ++voice) {
      const int id = window.speakers[voice].id;
      float surest = voices[voice];
      bool isFirst = true;
      for (int other = 0; id >= 0 && other < kLocalSpeakers; ++other) {
        if (other == voice || window.speakers[other].id != id) continue;
        surest = std::max(surest, voices[other]);
        isFirst = isFirst && other > voice;
      }
      if (!isFirst) continue;
      speaking += surest > kCounts;
      if (id >= 0) activities_[row * ids_.size() + columnOf(id)] += here * static_cast<double>(surest);
    }
    counts_[row] += here * speaking;
    weights_[row] += here;
  }
}

}  // namespace npuspeech::diar
