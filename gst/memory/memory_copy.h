// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies bytes out of memory that its owner may truncate.
#pragma once

#include <gst/gst.h>

#include <cstddef>

#include "base/result.h"

namespace npuspeech::gst {

/// Copies the first `bytes` of `buffer`, which must be at least that large. Memory with a file descriptor is
/// read, not mapped: where its file is shorter than the memory says, or becomes so, the result is an error
/// (BadValue); a mapping would end the process.
Result<void> copyBytes(GstBuffer* buffer, std::byte* to, size_t bytes);

}  // namespace npuspeech::gst
