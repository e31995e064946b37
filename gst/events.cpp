// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/events.h"

namespace npuspeech::gst {
namespace {
constexpr char kCommitted[] = "npuspeech/committed";
constexpr char kUntil[] = "until";
}  // namespace

GstEvent* newCommittedEvent(GstClockTime until) {
  return gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
                              gst_structure_new(kCommitted, kUntil, G_TYPE_UINT64, until, nullptr));
}

std::optional<GstClockTime> parseCommittedEvent(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_UPSTREAM || !gst_event_has_name(event, kCommitted)) return {};
  guint64 until = 0;
  if (!gst_structure_get_uint64(gst_event_get_structure(event), kUntil, &until)) return {};
  return until;
}

GstEvent* newFinalTranscriptEvent() {
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                              gst_structure_new_empty("rstranscribe/final-transcript"));
}

}  // namespace npuspeech::gst
