// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements that one input goes through.
#include "pipeline.h"

#include "flac_times.h"
#include "latm.h"
#include "messages.h"
#include "past_end.h"
#include "stream_pads.h"
#include "surround.h"

namespace {

// Decodes audio only; video streams stay as they are.
constexpr char kFile[] = "uridecodebin name=source caps=audio/x-raw expose-all-streams=false ";
// identity waits for the clock, and says that the stream is live.
constexpr char kPaced[] = "identity name=pace sync=true ! ";
constexpr char kMicrophone[] = "autoaudiosrc name=source ! ";
// Holds what is said while the model loads.
constexpr char kEntry[] = "queue name=entry max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! ";
// Text leaves without waiting for a clock.
constexpr char kTranscriber[] =
    "nputranscriber name=transcriber transcriber.src ! fakesink name=text sync=false async=false ";
constexpr char kInterim[] = "transcriber.unsynced_src ! fakesink sync=false async=false";

std::string descriptionOf(const Options& options) {
  if (!options.live) return std::string(kFile) + kTranscriber;
  return (options.isMicrophone() ? kMicrophone : std::string(kFile) + kPaced) + kEntry + kTranscriber +
         kInterim;
}

/// What is damaged is left out, not the rest behind it.
void onElement(GstBin*, GstBin*, GstElement* element, gpointer) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-errors"))
    g_object_set(element, "max-errors", -1, nullptr);
  keepFlacTimes(element);
  mixSurround(element);
  repeatLatmConfig(element);
}

}  // namespace

bool Pipeline::build(const Options& options, const std::string& uri, std::string& error) {
  GError* parsing = nullptr;
  top = gst_parse_launch_full(descriptionOf(options).c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &parsing);
  if (!top) {
    error = oneLine(parsing->message) + "; GST_PLUGIN_PATH must name the folder of libgstnpuspeech.so";
    g_clear_error(&parsing);
    return false;
  }
  source = gst_bin_get_by_name(GST_BIN(top), "source");
  transcriber = gst_bin_get_by_name(GST_BIN(top), "transcriber");
  GstElement* first = gst_bin_get_by_name(GST_BIN(top), options.isMicrophone() ? "entry"
                                                        : options.live         ? "pace"
                                                                               : "transcriber");
  text = gst_bin_get_by_name(GST_BIN(top), "text");
  entry = gst_element_get_static_pad(first, "sink");
  gst_object_unref(first);
  if (!uri.empty()) {
    preferDtsOfFfmpeg();
    refuseEndless(source);
    g_object_set(source, "uri", uri.c_str(), nullptr);
    g_signal_connect(top, "deep-element-added", G_CALLBACK(onElement), nullptr);
  }
  for (const auto& [property, value] : options.properties)
    gst_util_set_object_arg(G_OBJECT(transcriber), property.c_str(), value.c_str());
  return true;
}

bool Pipeline::isIdle(bool withQueues) const {
  struct Look {
    bool withQueues, isBusy;
  } look{withQueues, false};
  GstIterator* elements = gst_bin_iterate_recurse(GST_BIN(source));
  const auto lookAt = [](const GValue* value, gpointer data) {
    auto& found = *static_cast<Look*>(data);
    GstElement* element = GST_ELEMENT(g_value_get_object(value));
    if (!found.withQueues && kindOf(element).ends_with("queue")) return;
    const auto lookAtPad = [](GstElement*, GstPad* pad, gpointer isBusy) -> gboolean {
      *static_cast<bool*>(isBusy) |= gst_pad_get_task_state(pad) == GST_TASK_STARTED;
      return TRUE;
    };
    gst_element_foreach_pad(element, lookAtPad, &found.isBusy);
  };
  // Elements that come or go while it looks are work being done.
  if (gst_iterator_foreach(elements, lookAt, &look) != GST_ITERATOR_DONE) look.isBusy = true;
  gst_iterator_free(elements);
  return !look.isBusy;
}

void Pipeline::replaceSource(const std::string& uri) {
  gst_element_set_state(source, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(top), source);
  gst_object_unref(source);
  GstBus* bus = gst_element_get_bus(top);
  while (GstMessage* error = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) gst_message_unref(error);
  gst_object_unref(bus);
  source = GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(kFile, nullptr)));
  gst_bin_add(GST_BIN(top), source);
  g_object_set(source, "uri", uri.c_str(), nullptr);
}

bool Pipeline::startAgain() {
  return gst_pad_is_linked(entry) &&
         gst_pad_push_event(entry, gst_event_new_seek(1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                                      GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, -1));
}

void Pipeline::takeText() {
  gst_element_set_state(text, GST_STATE_PLAYING);
}

void Pipeline::endSound() {
  takeText();
  gst_element_call_async(
      top, [](GstElement*, gpointer pad) { gst_pad_send_event(GST_PAD(pad), gst_event_new_eos()); },
      gst_object_ref(entry), gst_object_unref);
}

void Pipeline::stop() {
  if (top) gst_element_set_state(top, GST_STATE_NULL);
}

Pipeline::~Pipeline() {
  if (!top) return;
  stop();
  gst_object_unref(entry);
  gst_object_unref(source);
  gst_object_unref(transcriber);
  gst_object_unref(text);
  gst_object_unref(top);
}
