// SPDX-License-Identifier: LGPL-2.1-or-later
// Pads that come and go, and what they reach, while an element runs.
#pragma once

#include <gst/gst.h>

#include <functional>

namespace npuspeech::gst {

/// Whether a source pad is linked to somebody's sink pad: a bin's ghost pad that stands for it must be, too.
bool reachesPeer(GstPad* src);

/// Adds a pad to `element`, active as its pad `like` is, whatever states change meanwhile. False where it
/// could not be added; then it is not active. Any thread.
bool addPadActiveAs(GstPad* like, GstElement* element, GstPad* pad);

/// Deactivates a pad that was removed from `element`. Where its stream is held up by a sink, that happens
/// behind the caller's back, once the sink lets go; `done` is called after it.
void deactivateRemoved(GstElement* element, GstPad* pad, std::function<void()> done);

}  // namespace npuspeech::gst
