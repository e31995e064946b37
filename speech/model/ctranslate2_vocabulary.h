// SPDX-License-Identifier: LGPL-2.1-or-later
// The vocabulary of a CTranslate2 model folder.
#pragma once

#include <string>

#include "base/result.h"
#include "speech/model/vocabulary.h"

namespace npuspeech {

/// Reads vocabulary.json or vocabulary.txt in `folder` (an entry a token, byte-level BPE text) and
/// config.json (its suppress lists, languages and alignment heads). Where the vocabulary lacks some special
/// tokens, tokenizer.json is asked. `size`: the tokens that the model has. Errors: NotFound, BadFile.
Result<Vocabulary> loadCTranslate2Vocabulary(const std::string& folder, int size);

}  // namespace npuspeech
