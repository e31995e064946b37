// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements of which Matroska consists.
#pragma once

#include <cstdint>
#include <optional>

#include "file_bytes.h"

constexpr uint64_t kFileId = 0x1A45DFA3, kSegmentId = 0x18538067, kClusterId = 0x1F43B675;
/// An element's ID and size take no more.
constexpr uint64_t kMaxElementHead = 12;

struct Element {
  uint64_t id, data;              // data: where it begins
  std::optional<uint64_t> bytes;  // none where the writer left it open

  /// Holds others: a segment or a cluster.
  bool isParent() const { return id == kSegmentId || id == kClusterId; }
  /// One of a file, of its segment or of its clusters.
  bool isKnown() const;
};

/// None where there is none at `offset`.
std::optional<Element> elementAt(FileBytes& file, uint64_t offset);
