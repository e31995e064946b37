// SPDX-License-Identifier: LGPL-2.1-or-later
// Demuxers that never stop asking for what is behind the end of a file.
#include "past_end.h"

#include <memory>

namespace {

// Whoever looks for the end of a file meets it a few times.
constexpr unsigned kInVain = 1000;

/// Reads since the last that brought something; one thread reads at a time.
using Count = std::shared_ptr<unsigned>;

GstPadProbeReturn beforeRead(GstPad* pad, GstPadProbeInfo*, gpointer data) {
  unsigned& inVain = **static_cast<Count*>(data);
  // Again and again: at first it may have no streams yet.
  GstElement* demuxer = ++inVain % kInVain == 0 ? gst_pad_get_parent_element(pad) : nullptr;
  if (!demuxer) return GST_PAD_PROBE_PASS;
  const auto end = [](GstElement*, GstPad* stream, gpointer) -> gboolean {
    gst_pad_push_event(stream, gst_event_new_eos());
    return TRUE;
  };
  gst_element_foreach_src_pad(demuxer, end, nullptr);
  gst_object_unref(demuxer);
  return GST_PAD_PROBE_PASS;
}

GstPadProbeReturn behindRead(GstPad*, GstPadProbeInfo*, gpointer data) {
  **static_cast<Count*>(data) = 0;
  return GST_PAD_PROBE_OK;
}

}  // namespace

void endPastEnd(GstElement* demuxer) {
  GstPad* pad = gst_element_get_static_pad(demuxer, "sink");
  if (!pad) return;
  const auto probe = [pad, count = std::make_shared<unsigned>(0)](int type, GstPadProbeCallback callback) {
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_PULL | type), callback,
                      new Count(count), [](gpointer kept) { delete static_cast<Count*>(kept); });
  };
  // A probe that blocks is called before a read, and only then; with PASS it does not block.
  probe(GST_PAD_PROBE_TYPE_BLOCK, beforeRead);
  probe(GST_PAD_PROBE_TYPE_BUFFER, behindRead);
  gst_object_unref(pad);
}
