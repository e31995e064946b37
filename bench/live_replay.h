// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording as a live stream, on a virtual clock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/local_agreement.h"
#include "speech/audio/silero_vad.h"
#include "speech/audio/windower.h"
#include "speech/stream/step_pacer.h"
#include "speech/whisper/engine.h"

namespace npuspeech::bench {

enum class Policy { Ours, LocalAgreement, Offline };

struct ReplayOptions {
  Policy policy = Policy::Ours;
  /// What each second of a window takes, in ms, whatever it does take: the same words on any machine, however
  /// busy it is. 0: as measured.
  double costMs = 0;
  Windower::Options windows;
  StreamOptions stream;
};

/// Feeds pieces of 20 ms to windower and engine as fast as the machine can. What a window takes to compute is
/// added to the time at which its last sample is there, as it would be live, and the next one waits for that.
class Replay {
 public:
  Replay(Engine& engine, const ReplayOptions& options, std::shared_ptr<const SileroWeights> vad);

  /// Mono audio at 16 kHz. Writes a line of JSON a window to standard output: {"file", "start", "end" (of the
  /// window), "now" (when its last sample was there), "at" (when its words came out), "final", "words",
  /// "interim"}, words as [start, end, text]; then {"file", "audio", "processor", "windows"}. Seconds of the
  /// stream.
  void run(const std::string& name, std::span<const float> samples);

 private:
  void takeWindows(const std::string& name);
  DecodedWindow read(const AudioWindow& window);
  Result<DecodedWindow> decode(const AudioWindow& window, DecodeStream& stream);

  Engine& engine_;
  ReplayOptions options_;
  Windower windower_;
  StepPacer pacer_;
  std::unique_ptr<DecodeStream> stream_;
  LocalAgreement agreement_;
  std::shared_ptr<npu::BufferObject> logMel_, states_;
  int64_t now_ = 0, answeredAt_ = 0, neededFrom_ = 0;
  bool isWaiting_ = false;
  int windows_ = 0;
};

}  // namespace npuspeech::bench
