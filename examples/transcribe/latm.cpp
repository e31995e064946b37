// SPDX-License-Identifier: LGPL-2.1-or-later
// AAC in LATM, as broadcasts in DVB have it: only some of its frames say how they are coded.
#include "latm.h"

#include <array>

#include "autoplug.h"
#include "stream_pads.h"

namespace {

constexpr gsize kHeadBytes = 3;

/// Bytes of the frame in front that says how it is coded, 0 where there is none.
gsize configFrameBytes(GstBuffer* buffer) {
  std::array<guint8, kHeadBytes + 1> head{};
  if (gst_buffer_extract(buffer, 0, head.data(), head.size()) < head.size()) return 0;
  const bool isFrame = head[0] == 0x56 && (head[1] & 0xe0) == 0xe0;  // 11 bits of LOAS
  const bool usesPrevious = head[3] & 0x80;
  const gsize bytes = kHeadBytes + ((head[1] & 0x1fu) << 8 | head[2]);
  return isFrame && !usesPrevious && bytes <= gst_buffer_get_size(buffer) ? bytes : 0;
}

/// Drops the second buffer.
GstPadProbeReturn onFrame(GstPad*, GstPadProbeInfo*, gpointer data) {
  switch ((*static_cast<int*>(data))++) {
    case 0:
      return GST_PAD_PROBE_OK;
    case 1:
      return GST_PAD_PROBE_DROP;
    default:
      return GST_PAD_PROBE_REMOVE;
  }
}

void dropRepetition(GstPad* input) {
  GstElement* parser = gst_pad_get_parent_element(input);
  if (!parser) return;
  GstPad* output = gst_element_get_static_pad(parser, "src");
  gst_pad_add_probe(output, GST_PAD_PROBE_TYPE_BUFFER, onFrame, new int(0),
                    [](gpointer data) { delete static_cast<int*>(data); });
  gst_object_unref(output);
  gst_object_unref(parser);
}

GstPadProbeReturn onInput(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  if (info->type & GST_PAD_PROBE_TYPE_PULL) return GST_PAD_PROBE_REMOVE;
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  const gsize bytes = configFrameBytes(buffer);
  if (bytes == 0) return GST_PAD_PROBE_OK;
  constexpr int kAll = GST_BUFFER_COPY_METADATA;
  GstBuffer* frame = gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, 0, bytes);
  GstBuffer* twice = gst_buffer_append(frame, gst_buffer_ref(buffer));
  gst_buffer_copy_into(twice, buffer, static_cast<GstBufferCopyFlags>(kAll), 0, static_cast<gsize>(-1));
  gst_buffer_unref(buffer);
  GST_PAD_PROBE_INFO_DATA(info) = twice;
  dropRepetition(pad);
  return GST_PAD_PROBE_REMOVE;
}

bool isFileOfLatm(GstPad* pad, GstCaps* caps, GstElementFactory*) {
  const gchar* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "stream-format");
  return g_strcmp0(format, "loas") == 0 && canBeReadAnywhere(pad);
}

}  // namespace

void repeatLatmConfig(GstElement* parser) {
  if (kindOf(parser) != "aacparse") return;
  GstPad* pad = gst_element_get_static_pad(parser, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, onInput, nullptr, nullptr);
  gst_object_unref(pad);
}

void leaveLatmFiles(GstElement* source) {
  keepOut(source, isFileOfLatm);
}
