// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the engine's diagnostics go. The engine prints nothing itself: the plugin forwards them to
// GStreamer's log.
#pragma once

#include <string_view>

namespace npuspeech {

enum class LogLevel { Error, Warning, Info, Debug };

/// Receives one complete line without its newline. Called on any thread; must not block or throw.
using LogSink = void (*)(LogLevel level, std::string_view line);

/// Replaces the process's sink; nullptr (the default) drops every line. Thread-safe.
void setLogSink(LogSink sink);

/// printf-style; costs one atomic load when there is no sink.
[[gnu::format(printf, 2, 3)]] void logf(LogLevel level, const char* format, ...);

}  // namespace npuspeech
