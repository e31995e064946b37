// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes through the pads of an input's transcriber, on streaming threads.
#include <algorithm>
#include <utility>

#include "input.h"
#include "text_buffer.h"

namespace {

GstEvent* eventOf(GstPadProbeInfo* info) {
  return info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM ? gst_pad_probe_info_get_event(info) : nullptr;
}

void postNews(GstElement* pipeline, const char* what) {
  GstStructure* news = gst_structure_new_empty(what);
  gst_element_post_message(pipeline, gst_message_new_application(GST_OBJECT(pipeline), news));
}

GstBuffer* bufferOf(GstPadProbeInfo* info) {
  return info->type & GST_PAD_PROBE_TYPE_BUFFER ? gst_pad_probe_info_get_buffer(info) : nullptr;
}

}  // namespace

GstPadProbeReturn Input::onAudio(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  GstEvent* event = eventOf(info);
  // What is read from where the first reader has ended is the same stream: no utterance ends there.
  if (event && GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START && input.resumeNs_ > 0)
    return GST_PAD_PROBE_DROP;
  const bool isSegment = event && GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT;
  if (event && !isSegment) return GST_PAD_PROBE_OK;
  if (isSegment) gst_event_copy_segment(event, &input.audioSegment_);
  if (!input.options_.live) input.timeline_->carryOn(input.audioSegment_, info);
  if (GstBuffer* buffer = bufferOf(info)) {
    const GstClockTime duration = GST_BUFFER_DURATION(buffer);
    const bool isKnown = GST_CLOCK_TIME_IS_VALID(duration);
    const int64_t start = input.timeline_->timeOf(input.audioSegment_, GST_BUFFER_PTS(buffer));
    const int64_t end = input.timeline_->timeOf(input.audioSegment_, endOf(GST_BUFFER_PTS(buffer), duration));
    const std::lock_guard lock(input.mutex_);
    input.heard_.add(start, isKnown ? end : -1);
    // Of sound whose times do not keep up with it, there is as much as came.
    input.soundNs_ += isKnown ? static_cast<int64_t>(duration) : 0;
    input.audioNs_ = std::max({input.audioNs_, end, input.heard_.endNs(), input.soundNs_});
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Input::onText(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  const GstSegment& segment = input.textSegment_;
  if (GstEvent* event = eventOf(info)) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment(event, &input.textSegment_);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
      // The bus says so only in state PLAYING, which a source that failed may never reach.
      postNews(input.pipeline_->top, kEndNews);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
      GstClockTime start, duration;
      gst_event_parse_gap(event, &start, &duration);
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = input.timeline_->timeOf(segment, endOf(start, duration));
    }
  } else if (GstBuffer* buffer = bufferOf(info)) {
    std::string language;
    input.timeline_->fix();
    Segment caption = captionOf(*input.timeline_, segment, buffer, language);
    {
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = caption.endNs;
      if (!language.empty()) input.language_ = std::move(language);
      input.arrivals_.push_back(std::move(caption));
      input.interim_.settle(GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer));
    }
    postNews(input.pipeline_->top, kTextNews);
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Input::onInterim(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  GstBuffer* buffer = bufferOf(info);
  GstMapInfo map;
  if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  {
    const std::lock_guard lock(input.mutex_);
    input.interim_.take({reinterpret_cast<const char*>(map.data), map.size});
  }
  gst_buffer_unmap(buffer, &map);
  postNews(input.pipeline_->top, kTextNews);
  return GST_PAD_PROBE_OK;
}
