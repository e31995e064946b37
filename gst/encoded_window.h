// SPDX-License-Identifier: LGPL-2.1-or-later
// From a buffer of encoder states to the window that the engine decodes.
#pragma once

#include <gst/gst.h>

#include "base/result.h"
#include "gst/npu_allocator.h"
#include "speech/whisper/engine.h"

namespace npuspeech::gst {

/// The window in `buffer`, which it keeps a reference of. Its log-mel comes along where the buffer has it in
/// memory that needs no copy: for the rare second try. Errors: as TensorReader::read().
Result<EncodedWindow> encodedWindow(GstBuffer* buffer, const WindowShape& shape, Engine& engine,
                                    TensorReader& reader);

}  // namespace npuspeech::gst
