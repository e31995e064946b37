// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording as a live stream, on a virtual clock.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "bench/paced_engine.h"
#include "speech/audio/silero_vad.h"
#include "speech/session/session.h"

namespace npuspeech::bench {

struct ReplayOptions {
  Policy policy = Policy::Ours;
  /// The costMs of PacedEngine.
  double costMs = 0;
  /// `live` is set by replay().
  SessionOptions session;
};

/// Feeds mono audio at 16 kHz to a session in pieces of 20 ms, as fast as the machine can. What a window
/// takes to compute is added to the time at which its last sample is there, as it would be live, and the next
/// one waits for that. Writes a line of JSON a window to standard output: {"file", "start", "end" (of the
/// window), "now" (when its last sample was there), "at" (when its words came out), "final", "words",
/// "interim"}, words as [start, end, text]; then {"file", "audio", "processor", "windows"}. Seconds of the
/// stream. Throws std::runtime_error.
void replay(std::shared_ptr<Engine> engine, std::shared_ptr<const SileroWeights> vad,
            const ReplayOptions& options, const std::string& name, std::span<const float> samples);

}  // namespace npuspeech::bench
