// SPDX-License-Identifier: LGPL-2.1-or-later
// Tags that stand in front of sound and behind it, whatever its format.
#include "tags.h"

uint64_t behindId3(FileBytes& file) {
  uint64_t bytes = 0;
  if (!file.has(0, "ID3")) return 0;
  for (uint64_t i = 6; i < 10; i++) bytes = bytes << 7 | (file.at(i) & 0x7f);
  return 10 + bytes + (file.at(5) & 0x10 ? 10 : 0);
}

uint64_t endOfSound(FileBytes& file) {
  uint64_t end = file.size();
  if (end > 128 && file.has(end - 128, "TAG")) end -= 128;
  if (end > 32 && file.has(end - 32, "APETAGEX")) {
    const uint64_t bytes = file.littleEndian(end - 20, 4) + (file.at(end - 9) & 0x80 ? 32 : 0);
    if (bytes < end) end -= bytes;
  }
  return end;
}
