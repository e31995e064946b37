// SPDX-License-Identifier: LGPL-2.1-or-later
// Tags that stand in front of sound and behind it, whatever its format.
#pragma once

#include <cstdint>

#include "file_bytes.h"

/// The end of an ID3v2 tag at the file's begin; 0 where there is none.
uint64_t behindId3(FileBytes& file);

/// Where ID3v1 and APE tags begin, else the file's end.
uint64_t endOfSound(FileBytes& file);
