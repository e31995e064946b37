// SPDX-License-Identifier: LGPL-2.1-or-later
// The times of FLAC behind frames that cannot be decoded.
#include "flac_times.h"

#include <algorithm>
#include <utility>

#include "stream_pads.h"

namespace {

// Times are rounded.
constexpr GstClockTime kNear = GST_MSECOND;

/// Of the decoder's thread: it gives what it makes of a frame before it takes the next.
struct Times {
  GstClockTime frame = GST_CLOCK_TIME_NONE;  // that nothing has come of
  GstClockTime end = GST_CLOCK_TIME_NONE;    // of what came last
};

bool isSilent(GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return false;
  const bool isOne = std::all_of(map.data, map.data + map.size, [](guint8 byte) { return byte == 0; });
  gst_buffer_unmap(buffer, &map);
  return isOne;
}

GstPadProbeReturn onFrame(GstPad*, GstPadProbeInfo* info, gpointer times) {
  static_cast<Times*>(times)->frame = GST_BUFFER_PTS(gst_pad_probe_info_get_buffer(info));
  return GST_PAD_PROBE_OK;
}

/// Where the sound belongs; what the decoder says where nothing else is known.
GstClockTime startOf(GstBuffer* buffer, Times& times) {
  const GstClockTime said = GST_BUFFER_PTS(buffer);
  const auto isBehind = [](GstClockTime later, GstClockTime time) {
    return GST_CLOCK_TIME_IS_VALID(later) && GST_CLOCK_TIME_IS_VALID(time) && later > time + kNear;
  };
  // What is missing comes as silence, in front of the frame behind it.
  const bool fills = isBehind(times.frame, times.end) && isSilent(buffer);
  const bool isFrame = !fills && GST_CLOCK_TIME_IS_VALID(times.frame);
  const GstClockTime known = isFrame ? std::exchange(times.frame, GST_CLOCK_TIME_NONE) : times.end;
  // Behind what was left out, times are early, and never late; a parser may know none, and say 0.
  return isBehind(known, said) ? known : said;
}

GstPadProbeReturn onSound(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& times = *static_cast<Times*>(data);
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  const GstClockTime start = startOf(buffer, times);
  if (GST_CLOCK_TIME_IS_VALID(start) && GST_BUFFER_DURATION_IS_VALID(buffer))
    times.end = start + GST_BUFFER_DURATION(buffer);
  if (start == GST_BUFFER_PTS(buffer)) return GST_PAD_PROBE_OK;
  buffer = gst_buffer_make_writable(buffer);
  GST_BUFFER_PTS(buffer) = start;
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}

void watch(GstElement* decoder, const char* name, GstPadProbeCallback callback, Times* times) {
  GstPad* pad = gst_element_get_static_pad(decoder, name);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, times, nullptr);
  gst_object_unref(pad);
}

}  // namespace

void keepFlacTimes(GstElement* decoder) {
  if (kindOf(decoder) != "flacdec") return;
  auto* times = new Times;
  g_object_set_data_full(G_OBJECT(decoder), "npuspeech-times", times,
                         [](gpointer data) { delete static_cast<Times*>(data); });
  watch(decoder, "sink", onFrame, times);
  watch(decoder, "src", onSound, times);
}
