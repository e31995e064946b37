// SPDX-License-Identifier: LGPL-2.1-or-later
// FLAC files that are damaged: what of them can be decoded all the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "patches.h"

struct FlacCheck {
  /// Decoders leave out a frame of which one bit is wrong, though most of it is sound: these make the
  /// checksums right of frames whose begin and end are known. And parsers believe what the header says of the
  /// sizes of frames: these make it agree with them.
  std::vector<Patch> patches;
  /// Frames are damaged or missing in front of the last one; damage of that looks like a cut.
  bool isDamaged = false;
  bool isVariable = false;  // of frames of many sizes, GStreamer's parser knows no times
  int64_t promisedNs = 0;   // what the headers say, 0 where they do not
  int64_t endNs = 0;        // of the last frame, by its number: the file goes so far
};

/// Reads a native FLAC file once, in pieces: a second for a gigabyte. Nothing is found in other files.
FlacCheck checkFlac(const std::string& path);
