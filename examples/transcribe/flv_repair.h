// SPDX-License-Identifier: LGPL-2.1-or-later
// FLV that is damaged in the middle: a tag of the size of the damage, which demuxers skip.
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// FLV has no index by which one could go on: each tag says where the next one is. Here the file is read with
/// some bytes changed, so that the last good tag before damage is followed by the first good one behind it.
class FlvRepair {
 public:
  FlvRepair() = default;
  ~FlvRepair();
  FlvRepair(const FlvRepair&) = delete;
  FlvRepair& operator=(const FlvRepair&) = delete;

  /// Looks for damage in the file at `path`, and lets `source`, a uridecodebin that reads it, skip that from
  /// now on. Does nothing for other formats. While no thread reads; they end before this goes.
  void begin(GstElement* source, const std::string& path);

 private:
  /// The head of a tag that is skipped.
  struct Patch {
    uint64_t offset;
    std::array<uint8_t, 4> bytes;
  };
  static GstPadProbeReturn onRead(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  std::vector<Patch> patches_;
  GstPad* pad_ = nullptr;
};
