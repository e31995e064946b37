// SPDX-License-Identifier: LGPL-2.1-or-later
#include "terminal_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace {
constexpr char kClearLine[] = "\r\033[K";
}

TerminalLine::TerminalLine(std::FILE* stream) : stream_(stream) {
  const char* type = std::getenv("TERM");
  terminal_ = ::isatty(::fileno(stream)) == 1 && type && std::string_view(type) != "dumb";
}

int TerminalLine::columns() const {
  winsize size{};
  const bool isKnown = ::ioctl(::fileno(stream_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return isKnown ? std::max(size.ws_col - 1, 1) : 79;
}

void TerminalLine::draw(const std::string& text) {
  if (!terminal_) return;
  std::fprintf(stream_, "%s%s", kClearLine, text.c_str());
  std::fflush(stream_);
  drawn_ = true;
}

void TerminalLine::hide() {
  if (drawn_) std::fputs(kClearLine, stream_), std::fflush(stream_);
  drawn_ = false;
}
