// SPDX-License-Identifier: LGPL-2.1-or-later
// What the pads of streams tell of them.
#include "stream_pads.h"

#include <cstdlib>

std::string kindOf(GstElement* element) {
  GstElementFactory* factory = gst_element_get_factory(element);
  return factory ? GST_OBJECT_NAME(factory) : "";
}

std::string kindOf(GstPad* pad) {
  GstElement* element = gst_pad_get_parent_element(pad);
  if (!element) return {};
  std::string kind = kindOf(element);
  gst_object_unref(element);
  return kind;
}

bool isSubtitle(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (!caps) return false;
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  const bool isOne = !g_str_has_prefix(kind, "audio/") && !g_str_has_prefix(kind, "video/");
  gst_caps_unref(caps);
  return isOne;
}

std::string streamId(GstPad* pad) {
  gchar* id = gst_pad_get_stream_id(pad);
  std::string result = id ? id : "";
  g_free(id);
  return result;
}

uint64_t numberOf(const std::string& streamId) {
  return std::strtoull(streamId.substr(streamId.rfind('/') + 1).c_str(), nullptr, 10);
}
