// SPDX-License-Identifier: LGPL-2.1-or-later
// The tags of which FLV consists.
#include "flv.h"

namespace {

constexpr uint64_t kHead = 11, kSize = 4;

struct Tag {
  bool isSound;
  uint64_t bytes;  // without the size behind it
  uint64_t ms;
};

std::optional<Tag> tagAt(FileBytes& file, uint64_t offset) {
  constexpr uint64_t kSound = 8, kPicture = 9, kScript = 18;
  const uint64_t type = file.at(offset) & 0x1f;
  if (type != kSound && type != kPicture && type != kScript) return {};
  return Tag{type == kSound, kHead + file.bigEndian(offset + 1, 3),
             file.bigEndian(offset + 4, 3) | uint64_t{file.at(offset + 7)} << 24};
}

/// From the file's end back, over a few tags: each has its size behind it.
std::optional<uint64_t> lastFromBehind(FileBytes& file) {
  for (uint64_t end = file.size(); end > kHead + kSize;) {
    const uint64_t bytes = file.bigEndian(end - kSize, kSize);
    if (bytes < kHead || bytes + kSize > end) break;
    end -= bytes + kSize;
    const auto tag = tagAt(file, end);
    if (!tag || tag->bytes != bytes) break;
    if (tag->isSound) return tag->ms;
  }
  return {};
}

/// Over all tags; some writers leave 0 for their sizes.
std::optional<uint64_t> lastFromFront(FileBytes& file) {
  std::optional<uint64_t> ms;
  uint64_t offset = file.bigEndian(5, 4) + kSize;
  while (offset < file.size()) {
    const auto tag = tagAt(file, offset);
    const uint64_t size = tag ? file.bigEndian(offset + tag->bytes, kSize) : 0;
    if (!tag || (size != 0 && size != tag->bytes)) return {};
    if (tag->isSound) ms = tag->ms;
    offset += tag->bytes + kSize;
  }
  return offset == file.size() ? ms : std::nullopt;
}

}  // namespace

std::optional<uint64_t> lastSoundMs(FileBytes& file) {
  const auto ms = lastFromBehind(file);
  return ms ? ms : lastFromFront(file);
}
