// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the elements of a container follow each other up to its file's end.
#include "structure.h"

#include <optional>
#include <string_view>

#include "avi.h"
#include "completeness.h"
#include "wave_chunks.h"

namespace {

/// The bytes of sound of one stream; none where the chunks do not follow each other.
std::optional<uint64_t> soundInAvi(FileBytes& file, uint64_t stream) {
  constexpr uint64_t kListHead = 12;
  const char name[] = {static_cast<char>('0' + stream / 10), static_cast<char>('0' + stream % 10), 'w', 'b'};
  uint64_t sound = 0;
  for (uint64_t offset = 0; offset + kChunkHead <= file.size();) {
    for (uint64_t i = 0; i < 4; i++)
      if (const uint8_t c = file.at(offset + i); c < 0x20 || c > 0x7e) return {};
    const bool isList =
        file.has(offset, "RIFF") || (file.has(offset, "LIST") && !file.has(offset + 8, "hdrl"));
    if (!isList && offset + kChunkHead + file.littleEndian(offset + 4, 4) > file.size()) return {};
    if (file.has(offset, {name, sizeof name})) sound += file.littleEndian(offset + 4, 4);
    offset = isList ? offset + kListHead : chunkEnd(file, offset);
  }
  return sound;
}

}  // namespace

bool holdsNoMore(const std::string& path, uint64_t stream, uint64_t bytes) {
  if (isCutShort(path)) return false;
  FileBytes file(path);
  return isAvi(file) && stream >= 1 && stream <= 100 &&
         soundInAvi(file, stream - 1).value_or(UINT64_MAX) <= bytes;
}
