// SPDX-License-Identifier: LGPL-2.1-or-later
// What a uridecodebin finds inside an input.
#include "stream_watch.h"

#include <cstring>
#include <utility>

#include "past_end.h"

StreamWatch::StreamWatch(GstElement* top, std::function<void(GstPad* pad)> onStream)
    : onStream_(std::move(onStream)) {
  g_signal_connect(top, "deep-element-added", G_CALLBACK(onElement), this);
}

void StreamWatch::onElement(GstBin*, GstBin*, GstElement* element, gpointer self) {
  GstElementFactory* factory = gst_element_get_factory(element);
  if (!factory) return;
  if (std::strcmp(GST_OBJECT_NAME(factory), "typefind") == 0)
    g_signal_connect(element, "have-type", G_CALLBACK(onType), self);
  if (!gst_element_factory_list_is_type(factory, GST_ELEMENT_FACTORY_TYPE_DEMUXER)) return;
  g_signal_connect(element, "pad-added", G_CALLBACK(onPad), self);
  endPastEnd(element);
}

void StreamWatch::onType(GstElement*, guint, GstCaps* caps, gpointer self) {
  auto& watch = *static_cast<StreamWatch*>(self);
  const std::lock_guard lock(watch.mutex_);
  if (watch.kind_.empty()) watch.kind_ = gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

void StreamWatch::onPad(GstElement*, GstPad* pad, gpointer self) {
  auto& watch = *static_cast<StreamWatch*>(self);
  if (GST_PAD_IS_SRC(pad) && watch.onAny_) watch.onAny_(pad);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (!caps) return;
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  if (GST_PAD_IS_SRC(pad) && (g_str_has_prefix(kind, "audio/") || g_str_has_prefix(kind, "video/")))
    watch.onStream_(pad);
  gst_caps_unref(caps);
}

std::string StreamWatch::kind() {
  const std::lock_guard lock(mutex_);
  return kind_;
}
