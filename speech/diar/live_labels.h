// SPDX-License-Identifier: LGPL-2.1-or-later
// Labels of live sound: told 2 s behind it, revised for 30 s, then left alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "speech/diar/frame_labels.h"
#include "speech/diar/label_smoothing.h"
#include "speech/diar/sound_runs.h"
#include "speech/diar/speaker_memory.h"
#include "speech/diar/speaker_turn.h"

namespace npuspeech::diar {

/// Not thread-safe. Memory and cost are the same at any age; hardly allocates once warm.
class LiveLabels {
 public:
  /// How far behind the newest sound labels are told first, and left alone at last, in frames.
  static constexpr int64_t kFirstDelay = 200, kFinalDelay = 3000;

  LiveLabels();
  void reset();

  /// A hop of sound was added that begins at frame `startFrame`.
  void addSpeech(int64_t startFrame, std::span<const uint8_t> isSpeech);
  /// Decides labels anew, and tells what is new: first labels up to frame `frontier`; what has changed; and
  /// as final what is before frame `final`. Neither goes back. Speakers that were merged are told.
  void update(const SpeakerMemory& memory, const SoundRuns& runs, int64_t frontier, int64_t final,
              DiarizerListener& listener);

  /// Labels of frames before this are told.
  int64_t frontier() const { return frontier_; }
  /// Labels before this frame do not change any more.
  int64_t finalFrame() const { return final_; }
  /// Frames before this are forgotten.
  int64_t firstKept() const;
  /// Who speaks in most of the frames [start, end), as last told, and in how many.
  struct Most {
    int speaker = -1;
    int64_t frames = 0;
  };
  Most most(int64_t start, int64_t end) const;

 private:
  static constexpr int64_t kRing = 4096, kBehind = 512;

  void decide(const SpeakerMemory& memory, int64_t start, int64_t end, size_t newest, WindowWeight weight);
  void smooth(const SpeakerMemory& memory, const SoundRuns& runs, int64_t end);
  int numberOf(int id);
  void tell(LabelState state, const SoundRuns& runs, int64_t start, int64_t end, DiarizerListener& listener);

  int64_t frontier_ = 0, final_ = 0;
  std::vector<FrameSpeakers> told_;  // [kRing]
  std::vector<FrameSpeakers> all_;   // [kRing], the same with the turns that nobody speaks in
  std::vector<uint8_t> isSpeech_;    // [kRing]
  FrameLabels labels_;
  LabelSmoothing smoothing_;
  int64_t start_ = 0;                 // of the next two
  std::vector<FrameSpeakers> shown_;  // labels as they are now
  std::vector<uint8_t> speech_;
  std::vector<const HeardWindow*> windows_;
  std::vector<int> numbers_;  // of ids, in the order in which they are told; -1 before that
  int speakers_ = 0;          // that have numbers
  std::vector<SpeakerTurn> turns_;
};

}  // namespace npuspeech::diar
