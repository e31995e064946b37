// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcripts as text: plain lines, JSON lines, SubRip and WebVTT.
#pragma once

#include <string>
#include <string_view>

#include "options.h"
#include "transcript.h"

/// Turns transcripts to text, piece by piece, in the order in which they are handed over.
class Formatter {
 public:
  /// `live`: JSON has a line a caption, as the end of all of it may be far away.
  Formatter(Format format, bool live) : format_(format), live_(live) {}

  /// Ahead of an input's captions.
  std::string begin(std::string_view file);
  /// One caption, as it comes.
  std::string caption(const Segment& segment);
  /// Behind an input's captions: JSON's line about all of it.
  std::string end(const Transcript& transcript, const Timing& timing);

 private:
  const Format format_;
  const bool live_;
  int inputs_ = 0;
  int captions_ = 0;
};
