// SPDX-License-Identifier: LGPL-2.1-or-later
// What a text buffer says about its text: GstCustomMeta "NpuWordMeta".
#pragma once

#include <gst/gst.h>

#include <string>

#include "speech/text/captions.h"

namespace npuspeech::gst {

inline constexpr char kWordMeta[] = "NpuWordMeta";

/// Once per process, before the first buffer.
void registerWordMeta();
/// Fields: `confidence` (double, 0 to 1), `language` (string, ISO 639-1), and `words`, an array of structures
/// "word" with `text` (string), `start` and `end` (guint64, ns, as the buffer's PTS) and `confidence` each.
void addWordMeta(GstBuffer* buffer, const Caption& caption, const std::string& language);

}  // namespace npuspeech::gst
