// SPDX-License-Identifier: LGPL-2.1-or-later
// AAC in LATM, as broadcasts in DVB have it: only some of its frames say how they are coded.
#pragma once

#include <gst/gst.h>

/// GStreamer's parser forgets what the first such frame says while it tells the decoder, and drops all frames
/// until the next one, a second or more. Gives an aacparse that is handed its input this frame twice; does
/// nothing to others, or where it reads for itself, as in a file of LATM alone.
void repeatLatmConfig(GstElement* parser);

/// Leaves files of LATM alone to another reader: `source`, a uridecodebin, then says that nothing decodes
/// them.
void leaveLatmFiles(GstElement* source);
