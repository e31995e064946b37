// SPDX-License-Identifier: LGPL-2.1-or-later
// The last line of a terminal, where what is being said settles.
#include "live_line.h"

#include <glib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr char kClearLine[] = "\r\033[K", kDim[] = "\033[2m", kPlain[] = "\033[0m";

int terminalColumns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Bytes to leave out at the start of `text`, which is UTF-8, so that the rest takes at most `columns`, which
/// become what it leaves of them.
size_t bytesBefore(std::string_view text, int& columns) {
  const char* const begin = text.data();
  const char* from = begin + text.size();
  while (from > begin) {
    const char* previous = g_utf8_find_prev_char(begin, from);
    if (!previous) break;
    const gunichar character = g_utf8_get_char(previous);
    const int width = g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    if (width > columns) break;
    columns -= width;
    from = previous;
  }
  return static_cast<size_t>(from - begin);
}

}  // namespace

LiveLine::LiveLine() {
  const char* type = std::getenv("TERM");
  terminal_ = ::isatty(STDOUT_FILENO) == 1 && type && std::string_view(type) != "dumb";
}

void LiveLine::show(const LiveWords& words) {
  if (!terminal_) return;
  int columns = terminalColumns() - 1;
  const size_t skipInterim = bytesBefore(words.interim, columns);
  if (skipInterim > 0) columns = 0;
  const size_t skipCommitted = bytesBefore(words.committed, columns);
  std::fprintf(stdout, "%s%s%s%s%s", kClearLine, words.committed.c_str() + skipCommitted, kDim,
               words.interim.c_str() + skipInterim, kPlain);
  std::fflush(stdout);
  drawn_ = true;
}

void LiveLine::hide() {
  if (drawn_) std::fputs(kClearLine, stdout), std::fflush(stdout);
  drawn_ = false;
}
