// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/core/events.h"

#include "gst/core/boundary.h"

namespace npuspeech::gst {
namespace {
constexpr char kCommitted[] = "npuspeech/committed";
constexpr char kPause[] = "npuspeech/pause";
constexpr char kUtterance[] = "utterance", kUntil[] = "until";
}  // namespace

GstEvent* newCommittedEvent(const Settled& settled) {
  return gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
                              gst_structure_new(kCommitted, kUtterance, G_TYPE_UINT64, settled.utterance,
                                                kUntil, G_TYPE_UINT64, settled.until, nullptr));
}

std::optional<Settled> parseCommittedEvent(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_UPSTREAM || !gst_event_has_name(event, kCommitted)) return {};
  const GstStructure* fields = gst_event_get_structure(event);
  guint64 utterance = 0, until = 0;
  if (!gst_structure_get_uint64(fields, kUtterance, &utterance) ||
      !gst_structure_get_uint64(fields, kUntil, &until))
    return {};
  return Settled{utterance, until};
}

GstEvent* newFinalTranscriptEvent() {
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                              gst_structure_new_empty("rstranscribe/final-transcript"));
}

GstEvent* newItemEvent(const std::string& content, GstClockTime runningTime, GstClockTime duration) {
  return gst_event_new_custom(
      GST_EVENT_CUSTOM_UPSTREAM,
      gst_structure_new("rstranscribe/new-item", "speaker", G_TYPE_STRING, nullptr, "content", G_TYPE_STRING,
                        content.c_str(), "running-time", G_TYPE_UINT64, runningTime, "duration",
                        G_TYPE_UINT64, duration, nullptr));
}

GstEvent* newPauseEvent() {
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty(kPause));
}

bool isPauseEvent(GstEvent* event) {
  return GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM && gst_event_has_name(event, kPause);
}

bool isSticky(GstEventType type) {
  return (gst_event_type_get_flags(type) & GST_EVENT_TYPE_STICKY) != 0;
}

bool outlivesFlush(GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  return isSticky(type) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS;
}

bool isSerialized(GstEvent* event) {
  return (gst_event_type_get_flags(GST_EVENT_TYPE(event)) & GST_EVENT_TYPE_SERIALIZED) != 0;
}

GstFlowReturn pushEvent(GstPad* src, Held<GstEvent> event) {
  const bool isGap = GST_EVENT_TYPE(event.get()) == GST_EVENT_GAP;
  if (gst_pad_push_event(src, event.release()) || !isGap) return GST_FLOW_OK;
  const GstFlowReturn last = gst_pad_get_last_flow_return(src);
  return last < GST_FLOW_OK ? last : GST_PAD_IS_FLUSHING(src) ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

GstCaps* capsIn(GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  return caps;
}

bool isStreamTag(GstEvent* event) {
  GstTagList* tags = nullptr;
  gst_event_parse_tag(event, &tags);
  return gst_tag_list_get_scope(tags) == GST_TAG_SCOPE_STREAM;
}

Held<GstEvent> delayed(GstEvent* segmentEvent, GstClockTime lateness) {
  GstSegment segment;
  gst_event_copy_segment(segmentEvent, &segment);
  segment.base += lateness;
  GstEvent* event = gst_event_new_segment(&segment);
  gst_event_set_seqnum(event, gst_event_get_seqnum(segmentEvent));
  return Held<GstEvent>(event);
}

Held<GstEvent> textStream(GstPad* pad, GstEvent* streamStart) {
  const gchar* audio = nullptr;
  gst_event_parse_stream_start(streamStart, &audio);
  const Held<char> id(g_strconcat(audio, "/", GST_PAD_NAME(pad), nullptr));
  const Held<GstCaps> caps(gst_pad_get_pad_template_caps(pad));
  const Held<GstStream> stream(
      gst_stream_new(id.get(), caps.get(), GST_STREAM_TYPE_TEXT, GST_STREAM_FLAG_SPARSE));
  GstEvent* event = gst_event_new_stream_start(id.get());
  gst_event_set_seqnum(event, gst_event_get_seqnum(streamStart));
  gst_event_set_stream_flags(event, GST_STREAM_FLAG_SPARSE);
  gst_event_set_stream(event, stream.get());
  guint group = GST_GROUP_ID_INVALID;
  if (gst_event_parse_group_id(streamStart, &group)) gst_event_set_group_id(event, group);
  return Held<GstEvent>(event);
}

Held<GstEvent> textCollection(GstPad* pad, GstEvent* collection) {
  GstStreamCollection* upstream = nullptr;
  gst_event_parse_stream_collection(collection, &upstream);
  const Held<GstObject> owned(GST_OBJECT(upstream));
  GstStreamCollection* own = gst_stream_collection_new(gst_stream_collection_get_upstream_id(upstream));
  const Held<GstObject> ownOwned(GST_OBJECT(own));
  GstStream* stream = nullptr;
  if (const Held<GstEvent> start{gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0)})
    gst_event_parse_stream(start.get(), &stream);
  if (stream) gst_stream_collection_add_stream(own, stream);
  GstEvent* event = gst_event_new_stream_collection(own);
  gst_event_set_seqnum(event, gst_event_get_seqnum(collection));
  return Held<GstEvent>(event);
}

void postDevice(GstElement* element, const std::string& device, const std::string& reason) {
  GST_INFO_OBJECT(element, "runs on %s: %s", device.c_str(), reason.c_str());
  gst_element_post_message(
      element,
      gst_message_new_element(GST_OBJECT(element),
                              gst_structure_new("npuspeech/device", "device", G_TYPE_STRING, device.c_str(),
                                                "reason", G_TYPE_STRING, printable(reason).get(), nullptr)));
}

void postDropped(GstElement* element, const GstSegment& segment, GstClockTime pts, GstClockTime duration,
                 guint64 processed, guint64 dropped) {
  GstMessage* message = gst_message_new_qos(
      GST_OBJECT(element), TRUE, gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts),
      gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, pts), pts, duration);
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, processed, dropped);
  gst_element_post_message(element, message);
}

void postLate(GstElement* element, GstPad* pad, GstClockTime delay, GstClockTime promised,
              GstClockTime took) {
  const bool isSlow = took >= promised / 2;
  gst_element_message_full_with_details(
      element, GST_MESSAGE_WARNING, GST_CORE_ERROR, GST_CORE_ERROR_CLOCK,
      g_strdup_printf("Text came %" G_GUINT64_FORMAT " ms after it was said, not within %" G_GUINT64_FORMAT
                      " ms: raise latency or lateness%s.",
                      delay / GST_MSECOND, promised / GST_MSECOND,
                      isSlow ? ", or use a smaller model" : "; it is the sound that it waited for"),
      nullptr, __FILE__, "npuspeech", __LINE__,
      gst_structure_new("npuwhisperdec/excessive-delay", "new-observed-max-delay", G_TYPE_UINT64, delay,
                        "pad", G_TYPE_STRING, GST_PAD_NAME(pad), nullptr));
}

}  // namespace npuspeech::gst
