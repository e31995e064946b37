// SPDX-License-Identifier: LGPL-2.1-or-later
// A line on the terminal that says how far the work is and how fast it goes.
#include "progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr int kBar = 24;
constexpr char kClearLine[] = "\r\033[K";

int terminalColumns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress() {
  const char* type = std::getenv("TERM");
  terminal_ = ::isatty(STDERR_FILENO) == 1 && type && std::string_view(type) != "dumb";
}

void Progress::show(double fraction, const std::string& text) {
  if (!terminal_) return;
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBar);
  std::string line = '[' + std::string(filled, '=') + std::string(kBar - filled, ' ') + "] " + text;
  line.resize(std::min(line.size(), static_cast<size_t>(std::max(terminalColumns() - 1, 1))));
  std::fprintf(stderr, "%s%s", kClearLine, line.c_str());
  drawn_ = true;
}

void Progress::hide() {
  if (drawn_) std::fputs(kClearLine, stderr);
  drawn_ = false;
}
