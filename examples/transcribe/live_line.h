// SPDX-License-Identifier: LGPL-2.1-or-later
// The last line of a terminal, where what is being said settles.
#pragma once

#include "interim_text.h"
#include "terminal_line.h"

/// Draws on standard output, and only where that is a terminal.
class LiveLine {
 public:
  /// Rewrites the line: committed words plain, interim ones dim; of too long a text, its end.
  void show(const LiveWords& words);
  /// Takes the line away, before other output.
  void hide() { line_.hide(); }

 private:
  TerminalLine line_{stdout};
};
