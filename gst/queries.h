// SPDX-License-Identifier: LGPL-2.1-or-later
// Questions to the elements around.
#pragma once

#include <gst/gst.h>

#include "gst/holders.h"

namespace npuspeech::gst {

/// Whether what feeds `sink` is live. False where nobody knows.
inline bool upstreamIsLive(GstPad* sink) {
  const Held<GstQuery> query(gst_query_new_latency());
  gboolean live = FALSE;
  if (gst_pad_peer_query(sink, query.get())) gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  return live;
}

}  // namespace npuspeech::gst
