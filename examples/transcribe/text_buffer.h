// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what nputranscriber pushes: captions with their words.
#pragma once

#include <gst/gst.h>

#include <string>

#include "transcript.h"

/// Where `position` in a stream's `segment` lies in its file.
int64_t streamTime(const GstSegment& segment, GstClockTime position);
/// The same for the end of something that begins at `start`; an unknown duration counts as 0.
int64_t streamEnd(const GstSegment& segment, GstClockTime start, GstClockTime duration);

/// A text buffer's caption. `language` becomes the one that the buffer names, if it names one.
Segment captionOf(const GstSegment& segment, GstBuffer* buffer, std::string& language);
