// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a model is that is named.
#pragma once

#include <string>

#include "base/result.h"

namespace npuspeech {

/// The path of a model: `model` itself where it exists, else what has that name in the user's cache, where
/// "small" stands for "whisper-small" as well. The error says how to get the model. Errors: BadValue,
/// NotFound.
Result<std::string> findModel(const std::string& model);

}  // namespace npuspeech
