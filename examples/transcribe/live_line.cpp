// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_line.h"

#include <glib.h>

#include <string_view>

namespace {

constexpr char kDim[] = "\033[2m", kPlain[] = "\033[0m";

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

void LiveLine::show(const LiveWords& words) {
  if (!line_.isVisible()) return;
  int columns = line_.columns();
  const size_t skipInterim = bytesBefore(words.interim, columns);
  if (skipInterim > 0) columns = 0;
  const size_t skipCommitted = bytesBefore(words.committed, columns);
  line_.draw(words.committed.substr(skipCommitted) + kDim + words.interim.substr(skipInterim) + kPlain);
}
