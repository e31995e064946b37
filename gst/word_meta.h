// SPDX-License-Identifier: LGPL-2.1-or-later
// What a text buffer says about its text: GstCustomMeta "NpuWordMeta".
#pragma once

#include <gst/gst.h>

#include <string>

namespace npuspeech::gst {

inline constexpr char kWordMeta[] = "NpuWordMeta";

/// Once per process, before the first buffer.
void registerWordMeta();
/// Fields: `confidence` (double, 0 to 1), `language` (string, ISO 639-1).
void addWordMeta(GstBuffer* buffer, double confidence, const std::string& language);

}  // namespace npuspeech::gst
