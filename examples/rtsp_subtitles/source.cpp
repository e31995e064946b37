// SPDX-License-Identifier: LGPL-2.1-or-later
// An RTSP stream that comes back after it was lost.
#include "source.h"

#include <cstdio>
#include <utility>

namespace {

constexpr guint kRetryMs = 1500;
/// Longer than a silence inside an utterance, and over when the stream can be back.
constexpr GstClockTime kLost = 1200 * GST_MSECOND;
/// A cable that was pulled out says nothing: so long without data is a lost stream.
constexpr gint64 kSilenceUs = 10 * G_USEC_PER_SEC;

}  // namespace

Source::Source(GstElement* pipeline, std::string uri, GstPad* audio, GstPad* video,
               std::function<void(const std::string&)> ended)
    : pipeline_(pipeline), uri_(std::move(uri)), audio_(audio), video_(video), ended_(std::move(ended)) {}

Source::~Source() {
  if (timer_) g_source_remove(timer_);
}

void Source::connect() {
  lastDataUs_ = 0;
  element_ = gst_element_factory_make("uridecodebin", nullptr);
  GstCaps* caps = gst_caps_from_string(video_ ? "audio/x-raw; video/x-raw" : "audio/x-raw");
  // The sound alone spares decoding the picture. Where that is wanted, all must be exposed: decodebin else
  // leaves out FFmpeg's video decoders, which also offer caps beyond these.
  g_object_set(element_, "uri", uri_.c_str(), "caps", caps, "expose-all-streams",
               static_cast<gboolean>(video_ != nullptr), nullptr);
  gst_caps_unref(caps);
  g_signal_connect(element_, "pad-added", G_CALLBACK(onPad), this);
  g_signal_connect(element_, "source-setup", G_CALLBACK(onSetup), this);
  gst_bin_add(GST_BIN(pipeline_), element_);
  gst_element_sync_state_with_parent(element_);
  if (!timer_) restartTimer();
}

void Source::restartTimer() {
  if (timer_) g_source_remove(timer_);
  timer_ = g_timeout_add(
      kRetryMs,
      [](gpointer self) -> gboolean {
        static_cast<Source*>(self)->watch();
        return G_SOURCE_CONTINUE;
      },
      this);
}

void Source::disconnect() {
  if (!element_) return;
  // A pipeline that still waits for its first picture would set it to PLAYING again, in a thread of its own.
  gst_element_set_locked_state(element_, TRUE);
  gst_element_set_state(element_, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline_), std::exchange(element_, nullptr));
}

void Source::watch() {
  if (finished_) return;
  const gint64 last = lastDataUs_;
  if (!element_) {
    connect();
  } else if (last == 0) {
    return;
  } else if (g_get_monotonic_time() - last > kSilenceUs) {
    lose("nothing comes");
  } else {
    if (std::exchange(isLost_, false)) std::fprintf(stderr, "rtsp-subtitles: %s is back\n", uri_.c_str());
    wasConnected_ = true;
  }
}

void Source::lose(const std::string& reason) {
  if (finished_) return;
  wasConnected_ = wasConnected_ || lastDataUs_ != 0;
  disconnect();
  if (!wasConnected_) {
    finished_ = true;
    return ended_(reason);
  }
  restartTimer();
  if (std::exchange(isLost_, true)) return;
  std::fprintf(stderr, "rtsp-subtitles: %s is lost (%s); trying again\n", uri_.c_str(), reason.c_str());
  // Ends the utterance, whose last words would else wait for the stream to come back.
  gst_pad_send_event(audio_, gst_event_new_gap(gst_element_get_current_running_time(pipeline_), kLost));
}

bool Source::handle(GstMessage* message) {
  GstObject* from = GST_MESSAGE_SRC(message);
  const bool ours =
      element_ && (from == GST_OBJECT(element_) || gst_object_has_as_ancestor(from, GST_OBJECT(element_)));
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_APPLICATION && gst_message_has_name(message, "stream-ended")) {
    if (element_) lose("it has ended");
    return true;
  }
  // A source that is gone may have left a message.
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return false;
  if (!ours && gst_object_has_as_ancestor(from, GST_OBJECT(pipeline_))) return false;
  if (ours) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    lose(error->message);
    g_clear_error(&error);
  }
  return true;
}

void Source::finish() {
  finished_ = true;
  disconnect();
  for (GstPad* pad : {audio_, video_})
    if (pad) gst_pad_send_event(pad, gst_event_new_eos());
}

void Source::onSetup(GstElement*, GstElement* source, gpointer) {
  // One connection, which firewalls let through, and whose loss is noticed.
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(source), "protocols"))
    gst_util_set_object_arg(G_OBJECT(source), "protocols", "tcp");
}

void Source::onPad(GstElement*, GstPad* pad, gpointer self) {
  auto& source = *static_cast<Source*>(self);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const std::string kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  GstPad* sink = kind == "audio/x-raw" ? source.audio_ : kind == "video/x-raw" ? source.video_ : nullptr;
  gst_caps_unref(caps);
  if (!sink || gst_pad_is_linked(sink)) return;
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), onData, self, nullptr);
  gst_pad_link(pad, sink);
}

GstPadProbeReturn Source::onData(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& source = *static_cast<Source*>(self);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    source.lastDataUs_ = g_get_monotonic_time();
    return GST_PAD_PROBE_OK;
  }
  if (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
  // The stream's end is not that of the subtitles.
  GstObject* pipeline = GST_OBJECT(source.pipeline_);
  gst_element_post_message(source.pipeline_,
                           gst_message_new_application(pipeline, gst_structure_new_empty("stream-ended")));
  return GST_PAD_PROBE_DROP;
}
