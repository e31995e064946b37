// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that were put one behind the other.
#pragma once

#include <string>

/// True of containers, of which demuxers read the first: AVI, Matroska. False for other formats.
bool isJoined(const std::string& path);
