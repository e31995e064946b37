// SPDX-License-Identifier: LGPL-2.1-or-later
// Times as players show them: from the first frame of sound or picture, over all parts of a stream.
#include "timeline.h"

#include <algorithm>

namespace {

// Demuxers are off by less, and whoever reads timestamps puts up with it.
constexpr int64_t kFarBackNs = 1'000'000'000;

/// Running time, negative before the segment's start.
std::optional<int64_t> runningTime(const GstSegment& segment, GstClockTime position) {
  guint64 time = 0;
  if (segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(position)) return {};
  const int sign = gst_segment_to_running_time_full(&segment, GST_FORMAT_TIME, position, &time);
  if (sign == 0) return {};
  return sign * static_cast<int64_t>(time);
}

/// Demuxers of broadcast streams begin all segments at the first frame that they meet, and decoders cut off
/// what other streams have before it. Where time is the position itself, a segment from 0 says the same and
/// cuts nothing.
GstSegment widened(const GstSegment& segment) {
  const bool isPlain = segment.format == GST_FORMAT_TIME && segment.rate == 1 && segment.base == 0 &&
                       segment.offset == 0 && segment.time == segment.start;
  GstSegment wide = segment;
  if (isPlain) wide.start = wide.time = wide.position = 0;
  return wide;
}

/// The first time of what is pushed, which may be a list; headers have none.
GstClockTime firstPosition(GstPadProbeInfo* info) {
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) return GST_BUFFER_PTS(gst_pad_probe_info_get_buffer(info));
  GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
  for (guint i = 0; i < gst_buffer_list_length(list); i++) {
    const GstClockTime position = GST_BUFFER_PTS(gst_buffer_list_get(list, i));
    if (GST_CLOCK_TIME_IS_VALID(position)) return position;
  }
  return GST_CLOCK_TIME_NONE;
}

void replaceSegment(GstPadProbeInfo* info, const GstSegment& segment) {
  GstEvent* event = gst_pad_probe_info_get_event(info);
  GstEvent* replacement = gst_event_new_segment(&segment);
  gst_event_set_seqnum(replacement, gst_event_get_seqnum(event));
  gst_event_unref(event);
  GST_PAD_PROBE_INFO_DATA(info) = replacement;
}

}  // namespace

GstClockTime endOf(GstClockTime start, GstClockTime duration) {
  return GST_CLOCK_TIME_IS_VALID(duration) ? start + duration : start;
}

void Timeline::watch(GstPad* demuxed) {
  constexpr int kTypes =
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(demuxed, static_cast<GstPadProbeType>(kTypes), onStream, this, nullptr);
}

GstPadProbeReturn Timeline::onStream(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& timeline = *static_cast<Timeline*>(self);
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    GstEvent* event = gst_pad_probe_info_get_event(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      const GstSegment* segment = nullptr;
      gst_event_parse_segment(event, &segment);
      replaceSegment(info, timeline.arePositions_ ? timeline.ofPositions() : widened(*segment));
    }
    // Of a gap in front of all sound, a parser makes a format that no sound has, and the wrong decoder is
    // chosen.
    return GST_EVENT_TYPE(event) == GST_EVENT_GAP ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }
  const GstClockTime position = firstPosition(info);
  if (!GST_CLOCK_TIME_IS_VALID(position)) return GST_PAD_PROBE_OK;
  if (GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0)) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    if (const auto time = runningTime(widened(*segment), position)) {
      const std::lock_guard lock(timeline.mutex_);
      // What an edit list cuts off is not shown.
      const int64_t shownNs = std::max<int64_t>(*time, 0);
      if (!timeline.fixed_) timeline.firstNs_ = std::min(timeline.firstNs_.value_or(shownNs), shownNs);
    }
    gst_event_unref(event);
  }
  return GST_PAD_PROBE_REMOVE;
}

void Timeline::carryOn(const GstSegment& segment, GstPadProbeInfo* info) {
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    shiftNs_ = 0;
    GstSegment open = segment;
    open.stop = GST_CLOCK_TIME_NONE;  // what is carried on may end behind it
    replaceSegment(info, open);
    return;
  }
  GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
  const auto start = runningTime(segment, GST_BUFFER_PTS(buffer));
  if (!start) return;
  if (*start + shiftNs_ < heldNs_ - kFarBackNs) shiftNs_ = heldNs_ - *start;
  heldNs_ = std::max(heldNs_, static_cast<int64_t>(endOf(static_cast<GstClockTime>(*start + shiftNs_),
                                                         GST_BUFFER_DURATION(buffer))));
  if (shiftNs_ == 0) return;
  buffer = gst_buffer_make_writable(buffer);
  GST_BUFFER_PTS(buffer) += static_cast<GstClockTime>(shiftNs_);
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
}

void Timeline::takePositions() {
  fix();
  arePositions_ = true;
}

GstSegment Timeline::ofPositions() {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  const std::lock_guard lock(mutex_);
  segment.base = static_cast<guint64>(firstNs_.value_or(0));
  return segment;
}

void Timeline::fix() {
  const std::lock_guard lock(mutex_);
  fixed_ = true;
}

int64_t Timeline::timeOf(const GstSegment& segment, GstClockTime position) {
  const auto time = runningTime(segment, position);
  if (!time) return 0;
  const std::lock_guard lock(mutex_);
  return std::max<int64_t>(*time - firstNs_.value_or(0), 0);
}
