// SPDX-License-Identifier: LGPL-2.1-or-later
// Demuxers that never stop asking for what is behind the end of a file.
#include "past_end.h"

#include "autoplug.h"

namespace {

// Whoever looks for the end of a file meets it a few times.
constexpr unsigned kInVain = 1000;
// By now it would have streams, if it could find any.
constexpr unsigned kHopeless = 1000 * kInVain;

void deleteCount(gpointer count) {
  delete static_cast<unsigned*>(count);
}

/// No streams are to be had of it.
void giveUp(GstElement* demuxer) {
  GST_ELEMENT_ERROR(demuxer, STREAM, DEMUX, ("the end came before any sound"), (nullptr));
}

bool isEndless(GstPad* pad, GstCaps*, GstElementFactory* factory) {
  return g_strcmp0(GST_OBJECT_NAME(factory), "avdemux_nut") == 0 && !canBeReadAnywhere(pad);
}

/// Called before each read, and after it where it brought a buffer.
GstPadProbeReturn onRead(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  unsigned& inVain = *static_cast<unsigned*>(data);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    inVain = 0;
    return GST_PAD_PROBE_OK;
  }
  // Again and again: at first it may have no streams yet.
  GstElement* demuxer = ++inVain % kInVain == 0 ? gst_pad_get_parent_element(pad) : nullptr;
  if (!demuxer) return GST_PAD_PROBE_PASS;
  const auto end = [](GstElement*, GstPad* stream, gpointer) -> gboolean {
    gst_pad_push_event(stream, gst_event_new_eos());
    return TRUE;
  };
  gst_element_foreach_src_pad(demuxer, end, nullptr);
  if (demuxer->numsrcpads == 0 && inVain == kHopeless) giveUp(demuxer);
  gst_object_unref(demuxer);
  return GST_PAD_PROBE_PASS;
}

}  // namespace

void endPastEnd(GstElement* demuxer) {
  GstPad* pad = gst_element_get_static_pad(demuxer, "sink");
  if (!pad) return;
  // A probe that blocks is called before a read; with PASS it does not block.
  constexpr int kTypes = GST_PAD_PROBE_TYPE_PULL | GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER;
  gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), onRead, new unsigned(0), deleteCount);
  gst_object_unref(pad);
}

void refuseEndless(GstElement* source) {
  keepOut(source, isEndless);
}
