// SPDX-License-Identifier: LGPL-2.1-or-later
// The last line of a terminal, which is written again and again.
#pragma once

#include <cstdio>
#include <string>

/// Draws on a stream, and only where that is a terminal that can take a line back.
class TerminalLine {
 public:
  explicit TerminalLine(std::FILE* stream);
  ~TerminalLine() { hide(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  bool isVisible() const { return terminal_; }
  /// How many columns a line may take.
  int columns() const;
  /// Writes `text`, of at most so many columns, over what was there.
  void draw(const std::string& text);
  /// Takes the line away, before other output.
  void hide();

 private:
  std::FILE* const stream_;
  bool terminal_ = false, drawn_ = false;
};
