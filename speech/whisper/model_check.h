// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks whether a model can do what a stream asks for, before the model is loaded.
#pragma once

#include <string>

#include "base/result.h"
#include "speech/model/vocabulary.h"
#include "speech/whisper/engine.h"

namespace npuspeech {

/// Checks that the model `name`, whose vocabulary is given, has the language and the task of a stream.
/// Errors: BadValue.
Result<void> hasFor(const Vocabulary& vocabulary, const std::string& name, const StreamOptions& stream);

}  // namespace npuspeech
