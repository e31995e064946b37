// SPDX-License-Identifier: LGPL-2.1-or-later
// From a buffer of encoder states to the window that the engine decodes.
#pragma once

#include <gst/gst.h>

#include "base/result.h"
#include "gst/memory/npu_allocator.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// Returns the window in `buffer`, and keeps a reference to the buffer in it. The window includes its log-mel
/// where the buffer holds that in memory that needs no copy; the engine needs it only to encode a window
/// again. Errors: those of TensorReader::read().
Result<EncodedWindow> encodedWindow(GstBuffer* buffer, const WindowShape& shape, Engine& engine,
                                    TensorReader& reader);

}  // namespace npuspeech::gst
