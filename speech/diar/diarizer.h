// SPDX-License-Identifier: LGPL-2.1-or-later
// From sound to speaker turns.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "speech/diar/diarization_models.h"
#include "speech/diar/live_labels.h"
#include "speech/diar/sound_runs.h"
#include "speech/diar/speaker_memory.h"
#include "speech/diar/speaker_turn.h"
#include "speech/diar/window_hearing.h"

namespace npuspeech {

/// How a diarizer listens.
struct DiarizerOptions {
  /// True: labels come 2 s behind the sound, are revised as more is heard, and are final after 30 s; memory
  /// and cost stay the same for as long as the session lasts. False: the sound is a recording, whose labels
  /// come at drain(), all final, by all that was heard; an hour takes 40 MB.
  bool live = true;
  /// At most so many speakers are told, and at least so many are found where there is speech enough.
  int leastSpeakers = 1, mostSpeakers = 1'000'000;
  /// Voices at a greater cosine distance are different speakers.
  double cut = 0.62;
};

/// Says who speaks. Times are stream times in ns, and are believed: jitter is smoothed by who pushes.
/// Computes on the thread that pushes, every 0.5 s of sound. Not thread-safe.
class Diarizer {
 public:
  /// `models` and `listener` must outlive this.
  Diarizer(const DiarizerOptions& options, diar::DiarizationModels& models, DiarizerListener& listener);

  /// Takes mono samples at 16 kHz, full scale 1. `atNs`: the time of the first one; nothing where it follows
  /// what came before. Where up to 5 s are missing, silence takes their place; where more, or where time goes
  /// back by more than a frame, what came before is labelled up to its end, and a new run begins.
  void push(std::span<const float> samples, std::optional<int64_t> atNs = {});
  /// Takes note that there is no sound from `startNs` on for `durationNs`. Labels come up to its end.
  void pushGap(int64_t startNs, int64_t durationNs);
  /// All labels come, and are final. What is pushed next has the same speakers if live, else new ones.
  void drain();
  /// Forgets the sound and all speakers. Nothing more is told of them.
  void reset();

  /// What is before this time has first labels, or none because nothing was heard: words that end before it
  /// can go on. Nothing before the first sound; it goes back where the stream does.
  std::optional<int64_t> frontierNs() const { return frontierNs_; }
  /// The speaker who has most of [startNs, endNs), as last told; nothing where nobody speaks, or where this
  /// is not live, not labelled yet or long forgotten.
  std::optional<int> speakerOf(int64_t startNs, int64_t endNs) const;

 private:
  int64_t endNs() const;
  void start(int64_t atNs);
  void pushSamples(std::span<const float> samples);
  void pushSilence(int64_t samples);
  void endRun();
  void hearHop();
  void update(int64_t frontier, bool isDrained);

  const DiarizerOptions options_;
  DiarizerListener& listener_;
  diar::WindowHearing hearing_;
  diar::SpeakerMemory memory_;
  diar::LiveLabels labels_;
  diar::SoundRuns runs_;
  bool isOn_ = false;
  int64_t runSamples_ = 0;
  int64_t frames_ = 0;  // of all hops that were heard
  std::optional<int64_t> frontierNs_;
  // Where the sound is a recording.
  std::vector<diar::HeardWindow> windows_;
  std::vector<uint8_t> isSpeech_;
};

}  // namespace npuspeech
