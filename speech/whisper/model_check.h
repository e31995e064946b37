// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be told of a model before it is loaded.
#pragma once

#include <string>

#include "base/result.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// Whether the model `name` with this vocabulary has what a stream asks for. Errors: BadValue for its
/// language or task.
Result<void> hasFor(const Vocabulary& vocabulary, const std::string& name, const StreamOptions& stream);

}  // namespace npuspeech
