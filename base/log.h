// SPDX-License-Identifier: LGPL-2.1-or-later
// The log of the engine. The engine prints nothing itself: the plugin forwards the lines to the log of
// GStreamer.
#pragma once

#include <string_view>

namespace npuspeech {

enum class LogLevel { Error, Warning, Info, Debug };

/// Receives a complete line without its newline. It is called on any thread, and must not block or throw.
using LogSink = void (*)(LogLevel level, std::string_view line);

/// Replaces the sink of the process. nullptr, the default, drops every line. Thread-safe.
void setLogSink(LogSink sink);

/// Logs a line in the style of printf. Without a sink it costs one atomic load. Thread-safe.
[[gnu::format(printf, 2, 3)]] void logf(LogLevel level, const char* format, ...);

}  // namespace npuspeech
