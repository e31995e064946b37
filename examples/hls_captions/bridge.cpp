// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bridge.h"

namespace {

/// Shorter holes, of some packets, are the encoders' to deal with.
constexpr GstClockTime kHole = 500 * GST_MSECOND;
constexpr char kKeepUp[] = "keep-up", kUntil[] = "until";

}  // namespace

Bridge::Bridge(GstElement* element, bool isSound, GstClockTime stepNs)
    : sink_(gst_element_get_static_pad(element, "sink")),
      source_(gst_element_get_static_pad(element, "src")),
      isSound_(isSound),
      stepNs_(stepNs) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  probe_ = gst_pad_add_probe(source_, static_cast<GstPadProbeType>(kTypes), onData, this, nullptr);
}

Bridge::~Bridge() {
  gst_pad_remove_probe(source_, probe_);
  gst_clear_buffer(&last_);
  gst_object_unref(source_);
  gst_object_unref(sink_);
}

void Bridge::keepUp(GstClockTime runningTime) {
  GstStructure* until = gst_structure_new(kKeepUp, kUntil, G_TYPE_UINT64, runningTime, nullptr);
  // Serialised with what the source may send after all.
  gst_pad_send_event(sink_, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, until));
}

GstBuffer* Bridge::bufferAt(GstClockTime runningTime) const {
  GstBuffer* buffer = isSound_ ? gst_buffer_copy_deep(last_) : gst_buffer_copy(last_);
  GST_BUFFER_PTS(buffer) = runningTime;
  if (stepNs_ != 0) GST_BUFFER_DURATION(buffer) = stepNs_;
  GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);
  if (isSound_) gst_buffer_memset(buffer, 0, 0, gst_buffer_get_size(buffer));
  return buffer;
}

void Bridge::fillUntil(GstClockTime runningTime) {
  if (!last_) return;
  const GstClockTime step = stepNs_ != 0 ? stepNs_ : GST_BUFFER_DURATION(last_);
  if (!GST_CLOCK_TIME_IS_VALID(step) || step == 0) return;
  isFilling_ = true;
  for (; end_ + step <= runningTime; end_ += step)
    if (gst_pad_push(source_, bufferAt(end_)) != GST_FLOW_OK) break;
  isFilling_ = false;
}

GstBuffer* Bridge::take(GstBuffer* buffer) {
  buffer = gst_buffer_make_writable(buffer);
  const GstClockTime start = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  GST_BUFFER_PTS(buffer) = start;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID(start)) return buffer;
  const bool isFirst = last_ == nullptr;
  // This one, of whatever caps are valid now, is what the hole is filled with.
  gst_buffer_replace(&last_, buffer);
  if (!isFirst && start > end_ + kHole) fillUntil(start);
  const GstClockTime duration = GST_BUFFER_DURATION(buffer);
  end_ = start + (GST_CLOCK_TIME_IS_VALID(duration) ? duration : 0);
  return buffer;
}

GstEvent* Bridge::take(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_SEGMENT) return event;
  gst_event_copy_segment(event, &segment_);
  gst_event_unref(event);
  GstSegment plain;
  gst_segment_init(&plain, GST_FORMAT_TIME);
  return gst_event_new_segment(&plain);
}

GstPadProbeReturn Bridge::onData(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& bridge = *static_cast<Bridge*>(self);
  if (bridge.isFilling_) return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    info->data = bridge.take(gst_pad_probe_info_get_buffer(info));
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = gst_pad_probe_info_get_event(info);
  if (!gst_event_has_name(event, kKeepUp)) {
    info->data = bridge.take(event);
    return GST_PAD_PROBE_OK;
  }
  guint64 until = 0;
  gst_structure_get_uint64(gst_event_get_structure(event), kUntil, &until);
  bridge.fillUntil(until);
  return GST_PAD_PROBE_DROP;
}
