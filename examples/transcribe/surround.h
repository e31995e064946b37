// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound in the round that becomes mono in mid-stream, as broadcasts do.
#pragma once

#include <gst/gst.h>

/// Where channels become one in mid-stream, GStreamer's decoders of AC-3 and DTS keep the order of those that
/// there were, and write behind their buffers. Lets a52dec mix to two at most, which need no order; does
/// nothing to others.
void mixSurround(GstElement* decoder);

/// Lets FFmpeg's decoder of DTS, where it is installed, stand before GStreamer's, which mixes nothing. Before
/// pipelines are built.
void preferDtsOfFfmpeg();
