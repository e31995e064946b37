// SPDX-License-Identifier: LGPL-2.1-or-later
// What one input said. Times are nanoseconds of the input's own clock, from its start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Word {
  int64_t startNs = 0, endNs = 0;
  std::string text;
  double probability = 0;
};

/// A caption. `text` has the spaces that belong between its words, and "\n" between lines of subtitles.
struct Segment {
  int64_t startNs = 0, endNs = 0;
  std::string text;
  std::vector<Word> words;
};

struct Transcript {
  std::string file;      // as on the command line
  std::string language;  // code; empty where nothing was said and none was asked for
  std::string device;    // what computed: "cpu", "xrt:0"
  std::string model;
  int64_t durationNs = 0;
  std::vector<Segment> segments;
};

/// What it took, in seconds.
struct Timing {
  double load = 0;   // loading the model
  double wall = 0;   // from the program's start to the input's end
  double speed = 0;  // the input's duration / the time from its start to its end
};
