// SPDX-License-Identifier: LGPL-2.1-or-later
// The reference policy of live captions: LocalAgreement-2 as ufal/whisper_streaming has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "speech/audio/windower.h"
#include "speech/whisper/engine.h"

namespace npuspeech::bench {

/// Every window is read afresh, with no text forced; what two readings in turn begin with is committed (Polak
/// et al., CUNI-KIT 2022; Macháček et al., 2023). Words are compared as they are written. An utterance's last
/// reading is committed whole.
class LocalAgreement {
 public:
  /// The window's words: what is committed by them, and what may follow. Times from the window's start.
  DecodedWindow take(const AudioWindow& window, const std::vector<Word>& words);
  /// Of committed text whose audio is gone: at most 200 characters.
  const std::string& prompt() const { return prompt_; }

 private:
  void forget(int64_t untilNs);

  std::vector<Word> committed_;  // whose audio is still read; stream times
  std::vector<Word> before_;     // the last reading's words that were not committed; stream times
  int64_t committedUntilNs_ = 0;
  std::string prompt_;
};

}  // namespace npuspeech::bench
