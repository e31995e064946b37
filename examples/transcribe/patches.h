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

/// Changes what a source element reads. The file stays as it is.
class PatchedReads {
 public:
  PatchedReads() = default;
  ~PatchedReads();
  PatchedReads(const PatchedReads&) = delete;
  PatchedReads& operator=(const PatchedReads&) = delete;

  /// `reader`: a filesrc that demuxers pull from. Once, before any thread reads; they end before this goes.
  void attach(GstElement* reader);
  /// While no thread reads.
  void add(std::vector<Patch> patches);

 private:
  static GstPadProbeReturn onRead(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  std::vector<Patch> patches_;
  GstPad* pad_ = nullptr;
};
