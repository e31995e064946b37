// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the elements of a container follow each other up to its file's end.
#pragma once

#include <cstdint>
#include <string>

/// True where they do, and they hold no more of the stream than the `bytes` that its demuxer gave: then
/// nothing is missing, whatever durations its headers promise. `stream` is what GStreamer's demuxer calls it.
/// Of AVI; false for other files. Reads a byte here and there of all the file.
bool holdsNoMore(const std::string& path, uint64_t stream, uint64_t bytes);
