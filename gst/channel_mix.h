// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound whose channels have no place in a room (recorders, conferences, several microphones) becomes mono.
#pragma once

#include <gst/gst.h>

namespace npuspeech::gst {

/// Lets `convert`, an audioconvert, mix what comes to `sink`, the ghost pad in front of it: channels that
/// GStreamer can place as it mixes them itself, others in equal parts, and two that would take each other
/// away as their difference, from the first buffer of such sound on. With each CAPS event anew. Once, from
/// instance init; `convert` outlives the pad.
void mixChannelsOf(GstPad* sink, GstElement* convert);

}  // namespace npuspeech::gst
