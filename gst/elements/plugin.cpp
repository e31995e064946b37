// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin: registers the elements, and forwards the engine's log to GStreamer's.
#include <gst/gst.h>

#include "base/log.h"
#include "gst/elements/elements.h"

GST_DEBUG_CATEGORY_STATIC(npuspeech_debug);
#define GST_CAT_DEFAULT npuspeech_debug

namespace {

void forwardLog(npuspeech::LogLevel level, std::string_view line) {
  using npuspeech::LogLevel;
  const int length = static_cast<int>(line.size());
  switch (level) {
    case LogLevel::Error:
      GST_ERROR("%.*s", length, line.data());
      break;
    case LogLevel::Warning:
      GST_WARNING("%.*s", length, line.data());
      break;
    case LogLevel::Info:
      GST_INFO("%.*s", length, line.data());
      break;
    case LogLevel::Debug:
      GST_DEBUG("%.*s", length, line.data());
      break;
  }
}

gboolean pluginInit(GstPlugin* plugin) {
  GST_DEBUG_CATEGORY_INIT(npuspeech_debug, "npuspeech", 0, "Speech engine");
  npuspeech::setLogSink(forwardLog);
  gboolean any = FALSE;
  any |= GST_ELEMENT_REGISTER(npumel, plugin);
  any |= GST_ELEMENT_REGISTER(npuwhisperenc, plugin);
  any |= GST_ELEMENT_REGISTER(npuwhisperdec, plugin);
  any |= GST_ELEMENT_REGISTER(nputranscriber, plugin);
  return any;
}

}  // namespace

#define PACKAGE "npuspeech"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, npuspeech, "Speech to text with Whisper", pluginInit,
                  NPUSPEECH_VERSION, NPUSPEECH_LICENSE, "npuspeech", NPUSPEECH_ORIGIN)
