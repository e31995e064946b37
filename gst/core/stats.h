// SPDX-License-Identifier: LGPL-2.1-or-later
// An element's counters, and its read-only property `stats`, which shows them.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// Counters since PAUSED. Any thread.
struct Stats {
  /// Windows that were pushed; in npuwhisperdec, windows that were decoded.
  std::atomic<uint64_t> windows{0};
  /// Tensors that were copied because their memory could not be imported.
  std::atomic<uint64_t> copies{0};
  /// Windows of unfinished utterances that were not processed, because a newer one replaced them or the
  /// stream is not live.
  std::atomic<uint64_t> dropped{0};

  void reset() { windows = copies = dropped = 0; }
  /// The value of the property: a structure "npuspeech-stats" with one guint64 field for each counter.
  Held<GstStructure> structure() const {
    return Held<GstStructure>(gst_structure_new("npuspeech-stats", "windows", G_TYPE_UINT64, windows.load(),
                                                "copies", G_TYPE_UINT64, copies.load(), "dropped",
                                                G_TYPE_UINT64, dropped.load(), nullptr));
  }
};

/// Installs the read-only property `stats`.
inline void installStatsProperty(GObjectClass* klass, guint id) {
  g_object_class_install_property(
      klass, id,
      g_param_spec_boxed("stats", "Statistics",
                         "Windows, copies of tensors, and dropped windows since PAUSED", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace npuspeech::gst
