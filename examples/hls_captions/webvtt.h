// SPDX-License-Identifier: LGPL-2.1-or-later
// Captions of a stream, cut into the WebVTT segments of HLS (RFC 8216, 3.5).
#pragma once

#include <cstdint>
#include <deque>
#include <string>

struct Cue {
  int64_t startNs, endNs;  // running time
  std::string text;        // UTF-8, lines separated by "\n"
};

/// Holds cues for as long as a segment may need them. Not thread-safe.
class WebVttSegmenter {
 public:
  /// In order of time.
  void add(Cue cue) { cues_.push_back(std::move(cue)); }
  /// The file of the segment from `startNs` to `endNs`. A cue that reaches into the next one is in both, the
  /// same in each, so that players know it again. Segments are cut one behind the other.
  std::string cut(int64_t startNs, int64_t endNs);

 private:
  std::deque<Cue> cues_;
};
