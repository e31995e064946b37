// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells the application that sound came and no word did. npumel knows the sound, npuwhisperdec the words.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "speech/audio/sound_tally.h"

namespace npuspeech::gst {

/// The sound since the last such event.
struct SoundNews {
  SoundTally sound;
  bool isLast = false;  // the stream ends
};

/// npumel sends it downstream in order with the windows: at EOS, and live after every kSoundNewsEvery.
GstEvent* newSoundEvent(const SoundNews& news);
/// Nothing where `event` is another one.
std::optional<SoundNews> parseSoundEvent(GstEvent* event);

constexpr GstClockTime kSoundNewsEvery = 10 * GST_SECOND;

/// Decides when there is something to be told: at the end of a stream without any word, and live once 20 s of
/// sound held none, or 60 s where there had been words before; then not again until there are words. Not
/// thread-safe.
class NoWords {
 public:
  void reset() { *this = NoWords(); }
  void heardWords();
  /// What is to be told now, if anything.
  std::optional<SoundTally> add(const SoundNews& news);

 private:
  SoundTally wordless_;
  bool hadWords_ = false, isTold_ = false;
};

/// Posts element message `npuspeech/no-words`. Call it with no lock held.
void postNoWords(GstElement* element, const SoundTally& sound);

}  // namespace npuspeech::gst
