// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the blocks of a Matroska file follow each other as they should.
#pragma once

#include <string>

#include "file_bytes.h"

/// True where clusters hold something else than whole elements that belong there: demuxers leave out what
/// follows, up to the next cluster. False for other formats. Reads as much as the file has of blocks.
bool hasBrokenClusters(const std::string& path);

/// True where another Matroska file follows behind the first.
bool isJoinedMatroska(FileBytes& file);
