// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what nputranscriber pushes: captions with their words.
#pragma once

#include <gst/gst.h>

#include <string>

#include "timeline.h"
#include "transcript.h"

/// A text buffer's caption. `language` becomes the one that the buffer names, if it names one.
Segment captionOf(Timeline& timeline, const GstSegment& segment, GstBuffer* buffer, std::string& language);
