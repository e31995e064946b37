// SPDX-License-Identifier: LGPL-2.1-or-later
// What a uridecodebin may not plug.
#include "autoplug.h"

namespace {

int onSelect(GstElement*, GstPad* pad, GstCaps* caps, GstElementFactory* factory, gpointer isUnwanted) {
  constexpr int kTry = 0, kSkip = 2;  // GstAutoplugSelectResult, which no header declares
  return reinterpret_cast<IsUnwanted>(isUnwanted)(pad, caps, factory) ? kSkip : kTry;
}

}  // namespace

void keepOut(GstElement* source, IsUnwanted isUnwanted) {
  g_signal_connect(source, "autoplug-select", G_CALLBACK(onSelect), reinterpret_cast<gpointer>(isUnwanted));
}

bool canBeReadAnywhere(GstPad* pad) {
  GstQuery* query = gst_query_new_scheduling();
  const bool can = gst_pad_query(pad, query) && gst_query_has_scheduling_mode(query, GST_PAD_MODE_PULL);
  gst_query_unref(query);
  return can;
}
