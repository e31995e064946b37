// SPDX-License-Identifier: LGPL-2.1-or-later
// The chunks of a WAVE.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "file_bytes.h"

/// Of a chunk in front of its bytes: its name, and their number.
constexpr uint64_t kChunkHead = 8;

/// Where the chunk at `chunk` ends, and the next one begins.
uint64_t chunkEnd(FileBytes& file, uint64_t chunk);
/// Where the first chunk of that name begins; nothing where there is none.
std::optional<uint64_t> findChunk(FileBytes& file, std::string_view name);
/// The chunks from `chunk` on up to the file's end, or up to where they end and the file goes on: there.
uint64_t lastChunkEnd(FileBytes& file, uint64_t chunk);
