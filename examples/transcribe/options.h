// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

enum class Format { Text, Json, Srt, Vtt };

struct Options {
  /// Properties of nputranscriber: what was asked for, and what the format needs. The others keep their
  /// defaults.
  std::vector<std::pair<std::string, std::string>> properties;
  std::string model;
  Format format = Format::Text;
  bool live = false;   // one input, at the pace at which it is spoken
  std::string track;   // a number from 1 or a language code; empty: the container's default
  std::string output;  // empty: standard output
  std::vector<std::string> inputs;

  bool isMicrophone() const { return live && inputs.front() == "mic"; }
};

/// The options, or the exit status where the program ends here: after --help, or after one line about wrong
/// usage.
std::variant<Options, int> parseOptions(int argc, char** argv);
