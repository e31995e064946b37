// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what nputranscriber pushes: captions with their words.
#include "text_buffer.h"

/// Where `position` of a stream lies in its file.
int64_t streamTime(const GstSegment& segment, GstClockTime position) {
  const guint64 time = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, position);
  return time == GST_CLOCK_TIME_NONE ? 0 : static_cast<int64_t>(time);
}

int64_t streamEnd(const GstSegment& segment, GstClockTime start, GstClockTime duration) {
  return streamTime(segment, start + (duration == GST_CLOCK_TIME_NONE ? 0 : duration));
}

namespace {

/// The plugin's meta on its text: fields `language`, and `words` with `text`, `start`, `end` and `confidence`
/// each.
const GstStructure* captionMeta(GstBuffer* buffer) {
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, "NpuWordMeta");
  return meta ? gst_custom_meta_get_structure(meta) : nullptr;
}

Word wordOf(const GstSegment& segment, const GstStructure* fields) {
  guint64 start = 0, end = 0;
  Word word;
  gst_structure_get_uint64(fields, "start", &start);
  gst_structure_get_uint64(fields, "end", &end);
  gst_structure_get_double(fields, "confidence", &word.probability);
  if (const gchar* text = gst_structure_get_string(fields, "text")) word.text = text;
  word.startNs = streamTime(segment, start);
  word.endNs = streamTime(segment, end);
  return word;
}

}  // namespace

Segment captionOf(const GstSegment& segment, GstBuffer* buffer, std::string& language) {
  Segment caption;
  caption.startNs = streamTime(segment, GST_BUFFER_PTS(buffer));
  caption.endNs = streamEnd(segment, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
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
      caption.words.push_back(wordOf(segment, gst_value_get_structure(gst_value_array_get_value(words, i))));
  return caption;
}
