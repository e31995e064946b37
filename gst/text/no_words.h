// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells the application that sound came in but no word came out. npumel counts the sound, and npuwhisperdec
// knows the words.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "speech/audio/sound_tally.h"

namespace npuspeech::gst {

/// The sound since the last such event, as npumel tells npuwhisperdec.
struct SoundNews {
  SoundTally sound;
  /// True: the stream ends.
  bool isLast = false;
};

/// Creates the event that npumel sends downstream, in order with the windows: at EOS, and in a live stream
/// after every kSoundNewsEvery of sound.
GstEvent* newSoundEvent(const SoundNews& news);
/// Empty where `event` is another one.
std::optional<SoundNews> parseSoundEvent(GstEvent* event);

constexpr GstClockTime kSoundNewsEvery = 10 * GST_SECOND;

/// Decides when the application is told: at the end of a stream without any word, and in a live stream once
/// 20 s of sound held no word (60 s where there were words before). It is not told again until there are
/// words. Not thread-safe.
class NoWords {
 public:
  void reset() { *this = NoWords(); }
  /// Notes that words came.
  void heardWords();
  /// Adds sound. Returns the sound without words where the application is to be told now, else nothing.
  std::optional<SoundTally> add(const SoundNews& news);

 private:
  /// The sound since the last word.
  SoundTally wordless_;
  /// True once there were words.
  bool hadWords_ = false;
  /// True: the application was told since the last word.
  bool isTold_ = false;
};

/// Posts the element message `npuspeech/no-words`. Call it with no lock held.
void postNoWords(GstElement* element, const SoundTally& sound);

}  // namespace npuspeech::gst
