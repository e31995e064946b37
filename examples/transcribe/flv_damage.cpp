// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV that is damaged in the middle: a tag of the size of the damage, which demuxers skip.
#include "flv_damage.h"

#include "file_bytes.h"

namespace {

// Of a tag in front of its data: type, size of the data, timestamp, stream. Its size follows the data.
constexpr uint64_t kHead = 11, kTail = 4;
constexpr uint64_t kMaxData = 0xffffff;
// Not one that FLV has.
constexpr uint8_t kSkipped = 0;

/// Where the tag ends that is whole at `offset`, 0 where there is none.
uint64_t tagEnd(FileBytes& file, uint64_t offset) {
  const uint8_t type = file.at(offset) & 0x1f;
  if ((type != 8 && type != 9 && type != 18) || file.bigEndian(offset + 8, 3) != 0) return 0;
  const uint64_t bytes = kHead + file.bigEndian(offset + 1, 3);
  const uint64_t end = offset + bytes + kTail;
  return end <= file.size() && file.bigEndian(offset + bytes, 4) == bytes ? end : 0;
}

}  // namespace

std::vector<Patch> overFlvDamage(const std::string& path) {
  FileBytes file(path);
  if (!file.has(0, "FLV\x01")) return {};
  std::vector<Patch> patches;
  for (uint64_t offset = file.bigEndian(5, 4) + kTail; offset + kHead + kTail < file.size();) {
    if (const uint64_t end = tagEnd(file, offset)) {
      offset = end;
      continue;
    }
    uint64_t next = offset + kHead + kTail;
    while (next < file.size() && !tagEnd(file, next)) next++;
    const uint64_t data = next - offset - kHead - kTail;
    if (next == file.size() || data > kMaxData) break;
    const auto byte = [data](int shift) { return static_cast<uint8_t>(data >> shift); };
    patches.push_back({offset, {kSkipped, byte(16), byte(8), byte(0)}});
    offset = next;
  }
  return patches;
}
