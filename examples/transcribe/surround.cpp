// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound in the round that becomes mono in mid-stream, as broadcasts do.
#include "surround.h"

#include "stream_pads.h"

void mixSurround(GstElement* decoder) {
  if (kindOf(decoder) == "a52dec") gst_util_set_object_arg(G_OBJECT(decoder), "mode", "stereo");
}

void preferDtsOfFfmpeg() {
  GstElementFactory* theirs = gst_element_factory_find("dtsdec");
  GstElementFactory* safe = gst_element_factory_find("avdec_dca");
  if (theirs && safe) {
    const guint rank = gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(theirs));
    gst_plugin_feature_set_rank(GST_PLUGIN_FEATURE(safe), rank + 1);
  }
  g_clear_pointer(&theirs, gst_object_unref);
  g_clear_pointer(&safe, gst_object_unref);
}
