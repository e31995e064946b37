// SPDX-License-Identifier: LGPL-2.1-or-later
// A line on the terminal that says how far the work is and how fast it goes.
#pragma once

#include <string>

#include "terminal_line.h"

/// Draws on standard error, and only where that is a terminal.
class Progress {
 public:
  bool isVisible() const { return line_.isVisible(); }
  /// `fraction` of the work, 0 to 1; `text` beside the bar.
  void show(double fraction, const std::string& text);
  /// Takes the line away, before other output.
  void hide() { line_.hide(); }

 private:
  TerminalLine line_{stderr};
};
