// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference policy of live captions: LocalAgreement-2 as ufal/whisper_streaming has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "speech/audio/windower.h"
#include "speech/whisper/engine.h"

namespace npuspeech::bench {

/// Decodes every window afresh, without forced text, and commits the words that two consecutive readings both
/// begin with (Polak et al., CUNI-KIT 2022; Macháček et al., 2023). Words are compared as they are written.
/// The last reading of an utterance is committed as a whole.
class LocalAgreement {
 public:
  /// Takes the words of a window. Returns the words that are committed now and the interim words. Times count
  /// from the window's start.
  DecodedWindow take(const AudioWindow& window, const std::vector<Word>& words);
  /// The last committed words whose audio is no longer read, at most 200 characters, as the prompt of the
  /// next window.
  const std::string& prompt() const { return prompt_; }

 private:
  void forget(int64_t untilNs);

  /// The committed words whose audio is still read. Stream times.
  std::vector<Word> committed_;
  /// The words of the last reading that were not committed. Stream times.
  std::vector<Word> before_;
  /// The end of the committed words. Stream time.
  int64_t committedUntilNs_ = 0;
  std::string prompt_;
};

}  // namespace npuspeech::bench
