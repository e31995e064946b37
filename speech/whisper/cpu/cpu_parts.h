// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of an engine that computes on the CPU.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "speech/whisper/engine_parts.h"

namespace npuspeech {

/// Loads the model in `folder` for `threads` threads, which encoder and decoder share. `progress` is told the
/// part that is done, 0 to 1; it may be empty. Errors name the file at fault; Cancelled after `stop`. Throws
/// std::bad_alloc.
Result<EngineParts> loadCpuParts(const std::string& folder, Precision precision, int threads,
                                 npu::ChosenDevice device, const std::function<void(double)>& progress,
                                 const std::stop_token& stop);

}  // namespace npuspeech
