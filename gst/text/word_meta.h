// SPDX-License-Identifier: LGPL-2.1-or-later
// The meta of a text buffer, which describes its words: the GstCustomMeta "NpuWordMeta".
#pragma once

#include <gst/gst.h>

#include <string>

#include "speech/text/captions.h"

namespace npuspeech::gst {

inline constexpr char kWordMeta[] = "NpuWordMeta";

/// Registers the meta. Call it once per process, before the first buffer.
void registerWordMeta();
/// Adds the meta to `buffer`. Its fields are `confidence` (double, 0 to 1), `language` (string, ISO 639-1),
/// and `words`, an array of structures "word" with `text` (string), `start` and `end` (guint64, ns, on the
/// time line of the buffer's PTS) and `confidence` each.
void addWordMeta(GstBuffer* buffer, const Caption& caption, const std::string& language);

}  // namespace npuspeech::gst
