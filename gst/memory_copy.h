// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes out of memory that others may take away.
#pragma once

#include <gst/gst.h>

#include <cstddef>

#include "base/result.h"

namespace npuspeech::gst {

/// Copies the first `bytes` of `buffer`, which has them. Files are read, not mapped: one that is shorter than
/// its memory says, or becomes so, is an error (BadValue), where a mapping would end the process.
Result<void> copyBytes(GstBuffer* buffer, std::byte* to, size_t bytes);

}  // namespace npuspeech::gst
