// SPDX-License-Identifier: LGPL-2.1-or-later
// The voices that the segmentation network tells apart in one window, and where each is heard alone.
#include "speech/diar/local_speakers.h"

namespace npuspeech::diar {
namespace {

/// Frames of 10 ms: an embedding of less says little, and clean speech of less is worse than speech that
/// others talk into.
constexpr int kFewestFrames = 30, kFewestClean = 50;

}  // namespace

void chooseFrames(std::span<const float> activities, int filterBankFrames, int local, LocalSpeaker& speaker,
                  std::vector<int>& chosen) {
  const int frames = static_cast<int>(activities.size()) / kLocalSpeakers;
  const auto voicesAt = [&](int frame) {
    return &activities[activityOfFilterBankFrame(frame, frames) * kLocalSpeakers];
  };
  const auto isClean = [&](const float* voices) {
    for (int other = 0; other < kLocalSpeakers; ++other)
      if (other != local && voices[other] > kSpeaks) return false;
    return true;
  };
  speaker.cleanFrames = speaker.activeFrames = 0;
  for (int frame = 0; frame < filterBankFrames; ++frame) {
    const float* voices = voicesAt(frame);
    if (voices[local] <= kSpeaks) continue;
    ++speaker.activeFrames;
    if (isClean(voices)) ++speaker.cleanFrames;
  }
  const bool takesAll = speaker.cleanFrames < kFewestClean && speaker.activeFrames >= kFewestClean;
  chosen.clear();
  if ((takesAll ? speaker.activeFrames : speaker.cleanFrames) < kFewestFrames) return;
  for (int frame = 0; frame < filterBankFrames; ++frame) {
    const float* voices = voicesAt(frame);
    if (voices[local] > kSpeaks && (takesAll || isClean(voices))) chosen.push_back(frame);
  }
}

}  // namespace npuspeech::diar
