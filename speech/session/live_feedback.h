// SPDX-License-Identifier: LGPL-2.1-or-later
// What the reader of live windows says to who cuts them: which audio it is done with, and that it can take
// more.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "speech/audio/windower.h"
#include "speech/stream/step_pacer.h"

namespace npuspeech {

/// The newest answer to a live window, on its way from the thread that reads windows to the one that cuts
/// them. Of that second thread, but for receive(), which any thread may call.
class LiveFeedback {
 public:
  struct Answer {
    /// The utterance that was read.
    uint64_t utterance = 0;
    /// Audio before this time is not needed again, in ns, by whatever clock the reader counts.
    int64_t neededFromNs = 0;
    /// When the answer came, by the clock that apply() is told of, in ns.
    int64_t atNs = 0;
  };

  void receive(const Answer& answer) {
    const std::lock_guard lock(mutex_);
    received_ = answer;
  }

  /// Tells `windower` what was received, and whether a partial window may come out at `nowNs`. Called before
  /// each piece of audio. `positionOf` turns the reader's time into the windower's; where it gives nothing,
  /// there is no such time.
  template <typename PositionOf>
  void apply(Windower& windower, int64_t nowNs, const PositionOf& positionOf) {
    // An answer from before a break says nothing about what is behind it, and its times are others.
    if (const auto answer = take(); answer && windower.isCurrent(answer->utterance)) {
      if (const std::optional<int64_t> position = positionOf(answer->neededFromNs))
        windower.commit(*position);
      pacer_.answered(answer->atNs);
    }
    windower.holdPartial(!pacer_.mayPush(nowNs));
  }

  /// A partial window is about to be handed on at `nowNs`: no other one comes until it is answered.
  void pushed(Windower& windower, int64_t nowNs) {
    pacer_.pushed(nowNs);
    windower.holdPartial(!pacer_.mayPush(nowNs));
  }

  /// Forgets what was received and measured, because the audio starts again elsewhere.
  void reset() {
    take();
    pacer_.reset();
  }

 private:
  std::optional<Answer> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(received_, std::nullopt);
  }

  std::mutex mutex_;
  std::optional<Answer> received_;  // under mutex_
  StepPacer pacer_;
};

}  // namespace npuspeech
