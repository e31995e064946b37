// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/core/pads.h"

#include <utility>

#include "gst/core/holders.h"

namespace npuspeech::gst {
namespace {

struct Removed {
  Held<GstPad> pad;
  std::function<void()> done;
};

}  // namespace

bool reachesPeer(GstPad* src) {
  Held<GstPad> at(GST_PAD(gst_object_ref(src)));
  while (at) {
    Held<GstPad> peer(gst_pad_get_peer(at.get()));
    if (!peer) return false;
    const Held<GstObject> parent(gst_object_get_parent(GST_OBJECT(peer.get())));
    if (!parent || !GST_IS_GHOST_PAD(parent.get())) return true;
    at.reset(GST_PAD(gst_object_ref(parent.get())));
  }
  return false;
}

bool addPadActiveAs(GstPad* like, GstElement* element, GstPad* pad) {
  gst_pad_set_active(pad, TRUE);  // GStreamer warns of any that is not, in an element that runs
  if (!gst_element_add_pad(element, pad)) {
    gst_pad_set_active(pad, FALSE);
    return false;
  }
  while (GST_OBJECT_PARENT(pad) == GST_OBJECT(element) && GST_PAD_IS_ACTIVE(pad) != GST_PAD_IS_ACTIVE(like))
    gst_pad_set_active(pad, GST_PAD_IS_ACTIVE(like));
  return true;
}

void deactivateRemoved(GstElement* element, GstPad* pad, std::function<void()> done) {
  // A pad that a state change is about to deactivate counts as inactive before its task has ended.
  if (!GST_PAD_IS_ACTIVE(pad) && GST_PAD_STREAM_TRYLOCK(pad)) {
    GST_PAD_STREAM_UNLOCK(pad);
    return done();
  }
  gst_element_call_async(
      element,
      [](GstElement*, gpointer data) {
        auto* removed = static_cast<Removed*>(data);
        gst_pad_set_active(removed->pad.get(), FALSE);
        gst_pad_stop_task(removed->pad.get());  // also where a state change has met it halfway
        removed->done();
      },
      new Removed{Held<GstPad>(GST_PAD(gst_object_ref(pad))), std::move(done)},
      [](gpointer data) { delete static_cast<Removed*>(data); });
}

}  // namespace npuspeech::gst
