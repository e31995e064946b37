// SPDX-License-Identifier: LGPL-2.1-or-later
// What the pads of streams tell of them.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>

/// The kind of an element, such as "flacdec"; empty where no plugin made it.
std::string kindOf(GstElement* element);
/// Of the element that a pad belongs to; empty once it belongs to none.
std::string kindOf(GstPad* pad);
/// By its media type, which is neither of sound nor of picture.
bool isSubtitle(GstPad* pad);
/// Empty where no stream has begun.
std::string streamId(GstPad* pad);
/// What demuxers call the stream within its container.
uint64_t numberOf(const std::string& streamId);
