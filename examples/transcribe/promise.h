// SPDX-License-Identifier: LGPL-2.1-or-later
// How long one sound of a file is by its own header; the whole file may be longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// `stream` is what GStreamer's demuxers call it: its number from 1 in AVI, its ID in MP4. None where the
/// container says nothing of each sound, as MP4 in fragments; 0 where the writer did not know.
std::optional<int64_t> promisedNs(const std::string& path, uint64_t stream);

/// The same of MP4's sound number `index` from 0, which GStreamer's demuxer may not know: it leaves out what
/// is much shorter than the film.
std::optional<int64_t> promisedNsOfSound(const std::string& path, size_t index);

/// True where the elements of a container follow each other up to its file's end, and hold no more of the
/// stream than the `bytes` that its demuxer gave: then nothing is missing, whatever durations its headers
/// promise. `stream` is as above. Of AVI; false for other files. Reads a byte here and there of all the file.
bool holdsNoMore(const std::string& path, uint64_t stream, uint64_t bytes);
