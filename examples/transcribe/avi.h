// SPDX-License-Identifier: LGPL-2.1-or-later
// What the headers of AVI say, and whether that can be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "file_bytes.h"
#include "patches.h"

bool isAvi(FileBytes& file);

/// The header of one stream. Its length counts units of `scale / rate` seconds.
struct AviStream {
  uint64_t scale = 0, rate = 0, length = 0;
  uint64_t format = 0;  // where the format of its samples begins, 0 where there is none
  bool isSound = false;
};

/// `number` counts from 0.
std::optional<AviStream> aviStream(FileBytes& file, uint64_t number);

/// The bytes of sound of stream `number`; none where the chunks of the file do not follow each other.
std::optional<uint64_t> aviSoundBytes(FileBytes& file, uint64_t number);

/// Bytes per second that the blocks of sound cannot have, as GStreamer takes its times from them.
std::vector<Patch> aviHeaderPatches(const std::string& path);
