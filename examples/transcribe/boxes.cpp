// SPDX-License-Identifier: LGPL-2.1-or-later
// The boxes of which MP4 and QuickTime consist.
#include "boxes.h"

namespace {

bool isName(FileBytes& file, uint64_t offset) {
  for (uint64_t i = 0; i < 4; i++)
    if (const uint8_t c = file.at(offset + i); c < 0x20 || (c > 0x7e && c != 0xa9)) return false;
  return true;
}

}  // namespace

std::optional<Box> boxAt(FileBytes& file, uint64_t offset) {
  if (offset + 8 > file.size() || !isName(file, offset + 4)) return {};
  uint64_t head = 8, bytes = file.bigEndian(offset, 4);
  if (bytes == 1) {
    head = 16;
    bytes = file.bigEndian(offset + 8, 8);
  }
  if (bytes == 0) bytes = file.size() - offset;  // the rest
  if (bytes < head || bytes > UINT64_MAX / 2) return {};
  return Box{offset, offset + head, offset + bytes};
}

std::optional<Box> findBox(FileBytes& file, uint64_t offset, uint64_t end, std::string_view name) {
  while (offset < end) {
    const auto box = boxAt(file, offset);
    if (!box || box->is(file, name)) return box;
    offset = box->end;
  }
  return {};
}

std::optional<Box> findBox(FileBytes& file, const std::optional<Box>& box, std::string_view name) {
  return box ? findBox(file, box->data, box->end, name) : box;
}
