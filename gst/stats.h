// SPDX-License-Identifier: LGPL-2.1-or-later
// What an element counts, and shows in its read-only property `stats`.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>

#include "gst/holders.h"

namespace npuspeech::gst {

/// Counted since PAUSED; any thread.
struct Stats {
  std::atomic<uint64_t> windows{0};  // pushed or, in a decoder, decoded
  std::atomic<uint64_t> copies{0};   // tensors that were copied because their memory could not be imported
  std::atomic<uint64_t> dropped{0};  // partial windows that a newer one replaced, or that nobody decodes

  void reset() { windows = copies = dropped = 0; }
  /// "npuspeech-stats" with one uint64 field for each.
  Held<GstStructure> structure() const {
    return Held<GstStructure>(gst_structure_new("npuspeech-stats", "windows", G_TYPE_UINT64, windows.load(),
                                                "copies", G_TYPE_UINT64, copies.load(), "dropped",
                                                G_TYPE_UINT64, dropped.load(), nullptr));
  }
};

inline void installStatsProperty(GObjectClass* klass, guint id) {
  g_object_class_install_property(
      klass, id,
      g_param_spec_boxed("stats", "Statistics",
                         "Windows, copies of tensors, and dropped windows since PAUSED", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace npuspeech::gst
