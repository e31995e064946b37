// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound whose channels have no place in a room (recorders, conferences, several microphones) becomes mono.
#pragma once

#include <gst/gst.h>

namespace npuspeech::gst {

/// Mixes what comes to `sink`, the ghost pad in front of `convert`, an audioconvert: channels that GStreamer
/// cannot place in equal parts, to mono, and two that would take each other away as their difference, from
/// the first buffer of such sound on. All else is left to `convert`. With each new CAPS event anew. Once,
/// from instance init; `convert` outlives the pad.
void mixChannelsOf(GstPad* sink, GstElement* convert);

}  // namespace npuspeech::gst
