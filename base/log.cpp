// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>

namespace npuspeech {
namespace {
std::atomic<LogSink> currentSink{nullptr};
}

void setLogSink(LogSink sink) {
  currentSink.store(sink, std::memory_order_release);
}

void logf(LogLevel level, const char* format, ...) {
  const LogSink sink = currentSink.load(std::memory_order_acquire);
  if (!sink) return;
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) sink(level, line);
}

}  // namespace npuspeech
