// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/channel_mix.h"

#include <bit>

#include "gst/boundary.h"
#include "gst/events.h"

namespace npuspeech::gst {
namespace {

/// One row of `channels` equal parts; none where there are no channels, which leaves audioconvert alone.
void setMatrix(GstElement* convert, int channels) {
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, part = G_VALUE_INIT;
  gst_value_array_init(&matrix, 1);
  if (channels > 0) {
    gst_value_array_init(&row, static_cast<guint>(channels));
    g_value_init(&part, G_TYPE_FLOAT);
    g_value_set_float(&part, 1.0f / static_cast<float>(channels));
    for (int i = 0; i < channels; ++i) gst_value_array_append_value(&row, &part);
    gst_value_array_append_and_take_value(&matrix, &row);
  }
  g_object_set_property(G_OBJECT(convert), "mix-matrix", &matrix);
  g_value_unset(&matrix);
}

/// GStreamer's mixer takes no more.
constexpr int kMostChannels = 63;

/// Caps of several channels of which GStreamer can't tell where they are, as they are to be mixed, and how
/// many are mixed then; null for others. Of more than the mixer takes, the parts of a frame count as frames
/// of a higher rate: resampling makes them one again.
Held<GstCaps> unplaced(GstCaps* caps, int* channels) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  int rate = 0, parts = 1;
  if (!gst_structure_get_int(s, "channels", channels) || !gst_structure_get_int(s, "rate", &rate) ||
      *channels < 2)
    return nullptr;
  guint64 places = 0;
  const bool isTold = gst_structure_get(s, "channel-mask", GST_TYPE_BITMASK, &places, nullptr);
  if (isTold ? std::popcount(places) == *channels : *channels == 2) return nullptr;
  while (*channels / parts > kMostChannels || *channels % parts != 0) ++parts;
  if (rate < 1 || parts > G_MAXINT / rate) return nullptr;
  *channels /= parts;
  Held<GstCaps> mixed(gst_caps_copy(caps));
  gst_caps_set_simple(mixed.get(), "channel-mask", GST_TYPE_BITMASK, guint64{0}, "channels", G_TYPE_INT,
                      *channels, "rate", G_TYPE_INT, rate * parts, nullptr);
  return mixed;
}

GstPadProbeReturn hearCaps(GstPad*, GstPadProbeInfo* info, gpointer convert) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  guardedVoid(GST_ELEMENT(convert), [&] {
    int channels = 0;
    const auto mixed = unplaced(capsIn(event), &channels);
    setMatrix(GST_ELEMENT(convert), mixed ? channels : 0);
    if (!mixed) return;
    GstEvent* replaced = gst_event_new_caps(mixed.get());
    gst_event_set_seqnum(replaced, gst_event_get_seqnum(event));
    GST_PAD_PROBE_INFO_DATA(info) = replaced;
    gst_event_unref(event);
  });
  return GST_PAD_PROBE_OK;
}

/// What audioconvert takes once it knows the channels: by itself it would refuse those that it can't place,
/// or that the last matrix was not for.
Held<GstCaps> takenBy(GstPad* sink) {
  const Held<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(sink)));
  GstCaps* caps = target ? gst_pad_query_caps(target.get(), nullptr) : gst_caps_new_empty();
  caps = gst_caps_make_writable(caps);
  for (guint i = 0; i < gst_caps_get_size(caps); ++i)
    gst_structure_remove_fields(gst_caps_get_structure(caps, i), "channels", "channel-mask", nullptr);
  return Held<GstCaps>(caps);
}

gboolean answer(GstPad* sink, GstObject* parent, GstQuery* query) {
  GstCaps* asked = nullptr;
  if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
    Held<GstCaps> taken = takenBy(sink);
    gst_query_parse_caps(query, &asked);
    if (asked) taken.reset(gst_caps_intersect_full(asked, taken.get(), GST_CAPS_INTERSECT_FIRST));
    gst_query_set_caps_result(query, taken.get());
    return TRUE;
  }
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_parse_accept_caps(query, &asked);
    gst_query_set_accept_caps_result(query, gst_caps_can_intersect(asked, takenBy(sink).get()));
    return TRUE;
  }
  return gst_pad_query_default(sink, parent, query);
}

}  // namespace

void mixChannelsOf(GstPad* sink, GstElement* convert) {
  gst_pad_set_query_function(sink, GST_DEBUG_FUNCPTR(answer));
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hearCaps, convert, nullptr);
}

}  // namespace npuspeech::gst
