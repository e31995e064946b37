// SPDX-License-Identifier: LGPL-2.1-or-later
// Adds and removes pads of a running element, and tells whether they reach a peer.
#pragma once

#include <gst/gst.h>

#include <functional>

namespace npuspeech::gst {

/// Whether a source pad is linked to the sink pad of an element. Where a bin's ghost pad stands for it, that
/// one must be linked, too.
bool reachesPeer(GstPad* src);

/// Adds a pad to `element`, and activates it where the element's pad `like` is active, also while the element
/// changes states. False where it could not be added; the pad is inactive then. Any thread.
bool addPadActiveAs(GstPad* like, GstElement* element, GstPad* pad);

/// Deactivates a pad that was removed from `element`, then calls `done`. Where a sink holds up the pad's
/// stream, this returns at once, and both happen on another thread as soon as the sink lets go.
void deactivateRemoved(GstElement* element, GstPad* pad, std::function<void()> done);

}  // namespace npuspeech::gst
