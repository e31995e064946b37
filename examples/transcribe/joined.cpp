// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that were put one behind the other.
#include "joined.h"

#include "clusters.h"
#include "file_bytes.h"

namespace {

/// The parts of one file, behind the first, are of another kind.
bool isJoinedAvi(FileBytes& file) {
  uint64_t bytes = 0;
  for (uint64_t offset = 0; file.has(offset, "RIFF"); offset += 8 + bytes + bytes % 2) {
    if (offset > 0 && file.has(offset + 8, "AVI ")) return true;
    bytes = file.littleEndian(offset + 4, 4);
  }
  return false;
}

}  // namespace

bool isJoined(const std::string& path) {
  FileBytes file(path);
  return isJoinedMatroska(file) || (file.has(8, "AVI ") && isJoinedAvi(file));
}
