// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements of which Matroska consists.
#include "ebml.h"

#include <algorithm>
#include <iterator>

namespace {

// Of the file, of its segment, of its clusters, and those that may be anywhere.
constexpr uint64_t kKnown[] = {kFileId,    kSegmentId, kClusterId, 0x114D9B74, 0x1549A966,
                               0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367,
                               0xE7,       0x5854,     0xA7,       0xAB,       0xA3,
                               0xA0,       0xAF,       0xEC,       0xBF};

/// A number whose leading zeros tell its length; 0 bytes where it is none.
int lengthAt(FileBytes& file, uint64_t offset, int most) {
  for (int bytes = 1; bytes <= most; bytes++)
    if (file.at(offset) & 0x80 >> (bytes - 1)) return bytes;
  return 0;
}

}  // namespace

bool Element::isKnown() const {
  return std::find(std::begin(kKnown), std::end(kKnown), id) != std::end(kKnown);
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
