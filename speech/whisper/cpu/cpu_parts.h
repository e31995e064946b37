// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of an engine that computes on the CPU.
#pragma once

#include "speech/whisper/engine_parts.h"

namespace npuspeech {

/// Loads the model and makes its parts; encoder and decoder share weights and threads. Errors name the file
/// at fault; Cancelled after `stop`. Throws std::bad_alloc.
Result<EngineParts> makeCpuParts(const PartsRequest& request);

}  // namespace npuspeech
