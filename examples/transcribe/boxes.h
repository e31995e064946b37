// SPDX-License-Identifier: LGPL-2.1-or-later
// The boxes of which MP4 and QuickTime consist.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "file_bytes.h"

struct Box {
  uint64_t start, data, end;  // in bytes of the file; the end may lie behind the file's

  bool is(FileBytes& file, std::string_view name) const { return file.has(start + 4, name); }
};

/// None where there is none at `offset`.
std::optional<Box> boxAt(FileBytes& file, uint64_t offset);
/// The first box with this name of those from `offset` to `end`.
std::optional<Box> findBox(FileBytes& file, uint64_t offset, uint64_t end, std::string_view name);
/// Of those in `box`.
std::optional<Box> findBox(FileBytes& file, const std::optional<Box>& box, std::string_view name);
