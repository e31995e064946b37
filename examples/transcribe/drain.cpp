// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drain.h"

#include <utility>

namespace {

constexpr guint kDrainMs = 4000;

GstPad* sinkOf(GstElement* pipeline, const char* name) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (!element) return nullptr;
  GstPad* sink = gst_element_get_static_pad(element, "sink");
  gst_object_unref(element);
  return sink;
}

bool isFedLive(GstElement* pipeline) {
  GstPad* sink = sinkOf(pipeline, "pace");
  if (!sink) return false;
  GstQuery* latency = gst_query_new_latency();
  gboolean isLive = FALSE;
  if (gst_pad_peer_query(sink, latency)) gst_query_parse_latency(latency, &isLive, nullptr, nullptr);
  gst_query_unref(latency);
  gst_object_unref(sink);
  return isLive;
}

}  // namespace

bool Drain::begin(GstElement* pipeline) {
  if (!isFedLive(pipeline)) return false;
  pipeline_ = pipeline;
  deadline_ = g_timeout_add(
      kDrainMs,
      [](gpointer self) -> gboolean {
        auto& drain = *static_cast<Drain*>(self);
        drain.deadline_ = 0;
        GstPad* sink = sinkOf(drain.pipeline_, "entry");
        gst_pad_send_event(sink, gst_event_new_eos());
        gst_object_unref(sink);
        return G_SOURCE_REMOVE;
      },
      this);
  GstElement* pace = gst_bin_get_by_name(GST_BIN(pipeline), "pace");
  g_object_set(pace, "sync", FALSE, nullptr);
  gst_object_unref(pace);
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
  gst_element_send_event(source, gst_event_new_eos());
  gst_object_unref(source);
  return true;
}

void Drain::cancel() {
  if (deadline_) g_source_remove(std::exchange(deadline_, 0));
}
