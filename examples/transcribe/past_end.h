// SPDX-License-Identifier: LGPL-2.1-or-later
// Demuxers that never stop asking for what is behind the end of a file.
#pragma once

#include <gst/gst.h>

/// Ends the streams of `demuxer` once it has asked in vain for too long: where a file is cut, some of
/// FFmpeg's do so for ever. Before it is linked.
void endPastEnd(GstElement* demuxer);

/// Keeps those that could not be ended this way, as they are handed what they read, from input that is no
/// file. `source` is a uridecodebin, which then says that nothing reads such input.
void refuseEndless(GstElement* source);
