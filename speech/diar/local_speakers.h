// SPDX-License-Identifier: LGPL-2.1-or-later
// The voices that the segmentation network tells apart in one window, and where each is heard alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "speech/diar/window_geometry.h"

namespace npuspeech::diar {

/// A voice with so many clean frames is clustered; others only find their speaker.
inline constexpr int kCleanToCluster = 80;
/// What has a smaller share of speech is none: the segmentation hears voices in music and noise that the
/// voice activity detector does not.
inline constexpr double kLeastSpeech = 0.2;
/// A voice speaks where its activity is greater.
inline constexpr float kSpeaks = 0.5f;

/// A voice of one window.
struct LocalSpeaker {
  /// Whether enough of the voice was heard for an embedding.
  bool isEmbedded = false;
  /// Frames of the filter bank in which it speaks alone, and in which it speaks.
  int cleanFrames = 0, activeFrames = 0;
  /// The share of what is embedded that the voice activity detector takes for speech.
  double speechShare = 1;
  /// Whether it sounds like somebody who was heard to speak.
  bool isRecognised = false;
  /// Of length 1.
  std::array<float, kEmbedding> embedding{};
  /// Whose voice it is, as far as that is known: the speaker's id, else -1.
  int id = -1;
};

/// One window as the networks hear it.
struct HeardWindow {
  /// Where it begins and how long it is, in frames of labels.
  int64_t startFrame = 0;
  int frames = 0;
  /// [activityFrames][kLocalSpeakers], how surely each voice speaks, in [0, 1].
  std::vector<float> activities;
  std::array<LocalSpeaker, kLocalSpeakers> speakers;

  int64_t endFrame() const { return startFrame + frames; }
  int activityFrames() const { return static_cast<int>(activities.size()) / kLocalSpeakers; }
};

/// A voice is embedded from where it speaks alone; where that is hardly ever, from wherever it speaks. Writes
/// these frames of the filter bank, of which the window has `filterBankFrames`, to `chosen`, and counts both
/// kinds in `speaker`. Leaves `chosen` empty where they are too few.
void chooseFrames(std::span<const float> activities, int filterBankFrames, int local, LocalSpeaker& speaker,
                  std::vector<int>& chosen);

}  // namespace npuspeech::diar
