// SPDX-License-Identifier: LGPL-2.1-or-later
// The heads that follow the words in time, of the published models, for files that do not list them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "speech/model/canonical_tensors.h"

namespace npuspeech {

/// Layer and head, as openai/whisper publishes them (__init__.py, _ALIGNMENT_HEADS). Models are told apart by
/// their sizes; large-v1 and large-v2 have the same, and are taken for large-v2. Empty for sizes that were
/// not published.
std::vector<std::pair<int32_t, int32_t>> publishedAlignmentHeads(const ModelSizes& sizes);

}  // namespace npuspeech
