// SPDX-License-Identifier: LGPL-2.1-or-later
// What a uridecodebin may not plug.
#pragma once

#include <gst/gst.h>

/// Whether an element of `factory` is not to be plugged behind `pad`, whose stream has `caps`.
using IsUnwanted = bool (*)(GstPad* pad, GstCaps* caps, GstElementFactory* factory);

/// Keeps unwanted elements out of `source`, a uridecodebin, which then tries others, and says that nothing
/// decodes the stream where there is none.
void keepOut(GstElement* source, IsUnwanted isUnwanted);

/// Whether the elements behind `pad` may choose where they read.
bool canBeReadAnywhere(GstPad* pad);
