// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a recording's file ends where its format says that it ends.
#pragma once

#include <cstdint>
#include <string>

#include "file_bytes.h"

/// True where a file ends before what its headers promise, in the middle of a frame, or in zeros where sound
/// should be. False for whole
/// files, for those whose writer did not know the length, and for formats that are not known here. Takes
/// milliseconds; longer only for containers without any size of the whole.
bool isCutShort(const std::string& path);

/// A line about a file of which nothing can be decoded, by what its headers say: it was cut before that.
/// Empty for others.
std::string hopelessnessOf(const std::string& path);

/// A line about a file of whose sound `heldNs` were heard, empty where that is all. `containerNs` is how long
/// its container says that it is, 0 where that is not known.
std::string shortfallOf(const std::string& path, int64_t heldNs, int64_t containerNs);

/// As isCutShort, of framed formats, which have no size of the whole, from their last frames.
bool endsInFrame(FileBytes& file);

/// A quarter of the file is empty: room that was made for a download. Compressed sound has no such zeros.
bool endsEmpty(FileBytes& file);

/// True of an Ogg file in which a stream begins that has been there before, as where a file is appended to
/// itself. It has to be read from its front to its end: by its index, GStreamer takes the later ones for the
/// first.
bool repeatsStream(const std::string& path);
