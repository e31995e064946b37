// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the blocks of a Matroska file follow each other as they should.
#include "clusters.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace {

constexpr uint64_t kFile = 0x1A45DFA3, kSegment = 0x18538067, kCluster = 0x1F43B675;
// Others: of the file, of its segment, of its clusters, and those that may be anywhere.
constexpr uint64_t kKnown[] = {kFile,      0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469,
                               0x1043A770, 0x1254C367, 0xE7,       0x5854,     0xA7,       0xAB,
                               0xA3,       0xA0,       0xAF,       0xEC,       0xBF};

struct Element {
  uint64_t id, data;              // data: where it begins
  std::optional<uint64_t> bytes;  // none where the writer left it open
};

/// A number whose leading zeros tell its length; 0 bytes where it is none.
int lengthAt(FileBytes& file, uint64_t offset, int most) {
  for (int bytes = 1; bytes <= most; bytes++)
    if (file.at(offset) & 0x80 >> (bytes - 1)) return bytes;
  return 0;
}

std::optional<Element> elementAt(FileBytes& file, uint64_t offset) {
  const int idBytes = lengthAt(file, offset, 4);
  if (idBytes == 0) return {};
  Element element{
      .id = file.bigEndian(offset, idBytes), .data = offset + static_cast<uint64_t>(idBytes), .bytes = {}};
  const int sizeBytes = lengthAt(file, element.data, 8);
  if (sizeBytes == 0) return {};
  const uint64_t most = (uint64_t{1} << 7 * sizeBytes) - 1;
  const uint64_t bytes = file.bigEndian(element.data, sizeBytes) & most;
  element.data += static_cast<uint64_t>(sizeBytes);
  if (bytes != most) element.bytes = bytes;
  return element;
}

struct Findings {
  bool isBroken = false, isJoined = false;
};

Findings walk(FileBytes& file) {
  uint64_t segmentEnd = file.size(), clusterEnd = file.size();
  for (uint64_t offset = 0; offset < segmentEnd;) {
    const auto element = elementAt(file, offset);
    if (!element) return {.isBroken = true};
    const uint64_t end = element->data + element->bytes.value_or(0);
    const bool isParent = element->id == kSegment || element->id == kCluster;
    if (offset > 0 && element->id == kFile) return {.isJoined = true};
    if (!isParent &&
        (!element->bytes || std::find(std::begin(kKnown), std::end(kKnown), element->id) == std::end(kKnown)))
      return {.isBroken = true};
    if (offset >= clusterEnd) clusterEnd = segmentEnd;
    if (element->bytes && element->id == kSegment) segmentEnd = std::min(segmentEnd, end);
    if (end > (isParent ? segmentEnd : clusterEnd)) return {.isBroken = end <= file.size() || !isParent};
    if (element->id == kCluster) clusterEnd = element->bytes ? end : segmentEnd;
    offset = isParent ? element->data : end;
  }
  return {.isJoined = file.bigEndian(segmentEnd, 4) == kFile};
}

bool isMatroska(FileBytes& file) {
  return file.bigEndian(0, 4) == kFile;
}

}  // namespace

bool hasBrokenClusters(const std::string& path) {
  FileBytes file(path);
  return isMatroska(file) && walk(file).isBroken;
}

bool isJoinedMatroska(FileBytes& file) {
  return isMatroska(file) && walk(file).isJoined;
}
