// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the blocks of a Matroska file follow each other as they should.
#include "clusters.h"

#include <algorithm>

#include "ebml.h"

namespace {

struct Findings {
  bool isBroken = false, isJoined = false;
};

Findings walk(FileBytes& file) {
  uint64_t segmentEnd = file.size(), clusterEnd = file.size();
  for (uint64_t offset = 0; offset < segmentEnd;) {
    const auto element = elementAt(file, offset);
    if (!element) return {.isBroken = true};
    const uint64_t end = element->data + element->bytes.value_or(0);
    const bool isParent = element->isParent();
    if (offset > 0 && element->id == kFileId) return {.isJoined = true};
    if (!isParent && (!element->bytes || !element->isKnown())) return {.isBroken = true};
    if (offset >= clusterEnd) clusterEnd = segmentEnd;
    if (element->bytes && element->id == kSegmentId) segmentEnd = std::min(segmentEnd, end);
    if (end > (isParent ? segmentEnd : clusterEnd)) return {.isBroken = end <= file.size() || !isParent};
    if (element->id == kClusterId) clusterEnd = element->bytes ? end : segmentEnd;
    offset = isParent ? element->data : end;
  }
  return {.isJoined = file.bigEndian(segmentEnd, 4) == kFileId};
}

bool isMatroska(FileBytes& file) {
  return file.bigEndian(0, 4) == kFileId;
}

}  // namespace

bool hasBrokenClusters(const std::string& path) {
  FileBytes file(path);
  return isMatroska(file) && walk(file).isBroken;
}

bool isJoinedMatroska(FileBytes& file) {
  return isMatroska(file) && walk(file).isJoined;
}
