// SPDX-License-Identifier: LGPL-2.1-or-later
// Mixes sound to mono where GStreamer does not know the positions of its channels (recorders, conferences,
// several microphones), or where two channels cancel each other.
#pragma once

#include <gst/gst.h>

namespace npuspeech::gst {

/// Installs the mixer on `sink`, the ghost pad in front of `convert`, an audioconvert. Channels without known
/// positions become mono in equal parts. Two channels in opposite phase, which would cancel each other, are
/// mixed as their difference, from the first buffer of such sound on. All other sound is left to `convert`.
/// The mixer decides anew with each new CAPS event. Call it once, from instance init; `convert` must outlive
/// the pad.
void mixChannelsOf(GstPad* sink, GstElement* convert);

}  // namespace npuspeech::gst
