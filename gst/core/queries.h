// SPDX-License-Identifier: LGPL-2.1-or-later
// Queries between our elements, and to the pipeline.
#pragma once

#include <gst/gst.h>

#include <algorithm>

#include "gst/core/holders.h"

namespace npuspeech::gst {

/// Creates the query that asks upstream how much of the LATENCY is npumel's, in ns.
inline Held<GstQuery> newMelLatencyQuery() {
  return Held<GstQuery>(gst_query_new_custom(
      GST_QUERY_CUSTOM,
      gst_structure_new("npuspeech/mel-latency", "latency", G_TYPE_UINT64, guint64{0}, nullptr)));
}
/// Asks upstream for npumel's latency, in ns. 0 where there is no npumel.
inline GstClockTime melLatency(GstPad* sink) {
  const Held<GstQuery> query = newMelLatencyQuery();
  guint64 latency = 0;
  if (gst_pad_peer_query(sink, query.get()))
    gst_structure_get_uint64(gst_query_get_structure(query.get()), "latency", &latency);
  return latency;
}

/// Adds to minimum and maximum in the answer to a LATENCY query, where the answer is live.
inline void addLatency(GstQuery* query, GstClockTimeDiff added) {
  gboolean live = FALSE;
  GstClockTime minimum = 0, maximum = 0;
  gst_query_parse_latency(query, &live, &minimum, &maximum);
  if (!live) return;
  const auto sum = [added](GstClockTime latency) {
    return GST_CLOCK_TIME_IS_VALID(latency) ? static_cast<GstClockTime>(std::max<GstClockTimeDiff>(
                                                  static_cast<GstClockTimeDiff>(latency) + added, 0))
                                            : latency;
  };
  gst_query_set_latency(query, live, sum(minimum), sum(maximum));
}

/// Answers LATENCY and newMelLatencyQuery() for npumel, whose own latency is `own`. False for any other
/// query.
inline bool answerLatency(GstPad* sink, GstQuery* query, GstClockTime own) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    if (!gst_pad_peer_query(sink, query)) return false;
    addLatency(query, static_cast<GstClockTimeDiff>(own));
    return true;
  }
  const bool isOwn = GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM &&
                     gst_structure_has_name(gst_query_get_structure(query), "npuspeech/mel-latency");
  if (isOwn) gst_structure_set(gst_query_writable_structure(query), "latency", G_TYPE_UINT64, own, nullptr);
  return isOwn;
}

/// Whether the source of `sink` is live. False where upstream does not answer.
inline bool upstreamIsLive(GstPad* sink) {
  const Held<GstQuery> query(gst_query_new_latency());
  gboolean live = FALSE;
  if (gst_pad_peer_query(sink, query.get())) gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  return live;
}

}  // namespace npuspeech::gst
