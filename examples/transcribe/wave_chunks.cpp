// SPDX-License-Identifier: LGPL-2.1-or-later
// The chunks of a WAVE.
#include "wave_chunks.h"

namespace {
// Of a hostile file, millions may be empty.
constexpr int kMostChunks = 1000;
}  // namespace

uint64_t chunkEnd(FileBytes& file, uint64_t chunk) {
  const uint64_t bytes = file.littleEndian(chunk + 4, 4);
  return chunk + kChunkHead + bytes + bytes % 2;
}

std::optional<uint64_t> findChunk(FileBytes& file, std::string_view name) {
  uint64_t chunk = 12;
  for (int i = 0; i < kMostChunks && chunk + kChunkHead <= file.size(); i++, chunk = chunkEnd(file, chunk))
    if (file.has(chunk, name)) return chunk;
  return {};
}

uint64_t lastChunkEnd(FileBytes& file, uint64_t chunk) {
  for (int i = 0; i < kMostChunks && chunk + kChunkHead <= file.size(); i++) chunk = chunkEnd(file, chunk);
  return chunk;
}
