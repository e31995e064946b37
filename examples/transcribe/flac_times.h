// SPDX-License-Identifier: LGPL-2.1-or-later
// The times of FLAC behind frames that cannot be decoded.
#pragma once

#include <gst/gst.h>

/// flacdec says nothing of a frame that it leaves out, and the next one gets its time, and so on up to the
/// end. Behind this, each frame has its own. Does nothing to other elements. Before `decoder` runs.
void keepFlacTimes(GstElement* decoder);
