// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what nputranscriber pushes: captions with their words.
#include "text_buffer.h"

namespace {

/// The plugin's meta on its text: fields `language`, and `words` with `text`, `start`, `end` and `confidence`
/// each.
const GstStructure* captionMeta(GstBuffer* buffer) {
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, "NpuWordMeta");
  return meta ? gst_custom_meta_get_structure(meta) : nullptr;
}

Word wordOf(Timeline& timeline, const GstSegment& segment, const GstStructure* fields) {
  guint64 start = 0, end = 0;
  Word word;
  gst_structure_get_uint64(fields, "start", &start);
  gst_structure_get_uint64(fields, "end", &end);
  gst_structure_get_double(fields, "confidence", &word.probability);
  if (const gchar* text = gst_structure_get_string(fields, "text")) word.text = text;
  word.startNs = timeline.timeOf(segment, start);
  word.endNs = timeline.timeOf(segment, end);
  return word;
}

}  // namespace

Segment captionOf(Timeline& timeline, const GstSegment& segment, GstBuffer* buffer, std::string& language) {
  Segment caption;
  caption.startNs = timeline.timeOf(segment, GST_BUFFER_PTS(buffer));
  caption.endNs = timeline.timeOf(segment, endOf(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer)));
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    caption.text.assign(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(buffer, &map);
  }
  const GstStructure* meta = captionMeta(buffer);
  if (!meta) return caption;
  if (const gchar* code = gst_structure_get_string(meta, "language")) language = code;
  if (const GValue* words = gst_structure_get_value(meta, "words"))
    for (guint i = 0; i < gst_value_array_get_size(words); i++)
      caption.words.push_back(
          wordOf(timeline, segment, gst_value_get_structure(gst_value_array_get_value(words, i))));
  return caption;
}
