// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that is read as if some of its bytes were others.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <vector>

/// Bytes that are read in place of those of the file.
struct Patch {
  uint64_t offset;
  std::vector<uint8_t> bytes;
};

/// Changes what a uridecodebin reads of a file that demuxers pull from. The file stays as it is.
class PatchedReads {
 public:
  /// Before `source` runs; it is in state NULL again before this goes.
  PatchedReads(GstElement* source, std::vector<Patch> patches);
  PatchedReads(const PatchedReads&) = delete;
  PatchedReads& operator=(const PatchedReads&) = delete;

 private:
  static void onReader(GstElement* source, GstElement* reader, gpointer self);
  static GstPadProbeReturn onRead(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  std::vector<Patch> patches_;  // by offset
};
