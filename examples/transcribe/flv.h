// SPDX-License-Identifier: LGPL-2.1-or-later
// The tags of which FLV consists.
#pragma once

#include <cstdint>
#include <optional>

#include "file_bytes.h"

/// When the last tag of sound begins, in milliseconds. None where no tag of sound is found from the file's
/// end on, and the tags do not follow each other up to there either.
std::optional<uint64_t> lastSoundMs(FileBytes& file);
