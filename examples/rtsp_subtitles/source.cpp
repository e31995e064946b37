// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source.h"

#include <utility>

namespace {

constexpr guint kRetryMs = 1500;
/// A cable that was pulled out says nothing: so long without data is a lost stream.
constexpr gint64 kSilenceUs = 10 * G_USEC_PER_SEC;
/// What a source holds comes within the latency that it has asked for: 2 s of an RTSP stream.
constexpr guint kDrainMs = 4000;

template <typename... T>
void call(const std::function<void(T...)>& function, T... arguments) {
  if (function) function(arguments...);
}

}  // namespace

Source::Source(GstElement* pipeline, std::string uri, SourceUse use)
    : pipeline_(pipeline), uri_(std::move(uri)), use_(std::move(use)) {}

Source::~Source() {
  for (const guint id : {timer_, deadline_})
    if (id) g_source_remove(id);
}

void Source::connect() {
  lastDataUs_ = 0;
  openPads_ = 0;
  isLeaving_ = false;
  element_ = gst_element_factory_make("uridecodebin", nullptr);
  GstCaps* caps = gst_caps_from_string(use_.hasPicture ? "audio/x-raw; video/x-raw" : "audio/x-raw");
  // The sound alone spares decoding the picture. Where that is wanted, all must be exposed: decodebin else
  // leaves out FFmpeg's video decoders, which also offer caps beyond these.
  g_object_set(element_, "uri", uri_.c_str(), "caps", caps, "expose-all-streams",
               static_cast<gboolean>(use_.hasPicture), nullptr);
  gst_caps_unref(caps);
  g_signal_connect(element_, "pad-added", G_CALLBACK(onPad), this);
  g_signal_connect(element_, "no-more-pads", G_CALLBACK(onNoMorePads), this);
  g_signal_connect(element_, "source-setup", G_CALLBACK(onSetup), this);
  // One that comes back plays by itself. A pipeline whose sinks are not all ready would not let it.
  g_object_set(element_, "async-handling", static_cast<gboolean>(wasConnected_), nullptr);
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
  if (deadline_) g_source_remove(std::exchange(deadline_, 0));
  isLeaving_ = false;
  if (!element_) return;
  // A pipeline that still waits for its first picture would set it to PLAYING again, in a thread of its own.
  gst_element_set_locked_state(element_, TRUE);
  gst_element_set_state(element_, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline_), std::exchange(element_, nullptr));
}

void Source::watch() {
  if (isFinished_ || isLeaving_) return;
  const gint64 last = lastDataUs_;
  if (last == 0) {
    if (isLost_) call(use_.onStillLost);
    if (!element_) connect();
  } else if (isLive() && g_get_monotonic_time() - last > kSilenceUs) {
    lose("nothing comes");
  } else {
    if (std::exchange(isLost_, false)) call(use_.onReturn);
    wasConnected_ = true;
  }
}

void Source::lose(const std::string& reason) {
  if (isFinished_ || isLeaving_) return;
  reason_ = reason;
  drain();
}

void Source::drain() {
  if (openPads_ == 0) return leave();
  isLeaving_ = true;
  deadline_ = g_timeout_add(
      kDrainMs,
      [](gpointer self) -> gboolean {
        static_cast<Source*>(self)->deadline_ = 0;
        static_cast<Source*>(self)->leave();
        return G_SOURCE_REMOVE;
      },
      this);
  gst_element_send_event(element_, gst_event_new_eos());
}

void Source::leave() {
  wasConnected_ = wasConnected_ || lastDataUs_ != 0;
  lastDataUs_ = 0;
  disconnect();
  if (isFinished_) return use_.onEnd();
  if (!wasConnected_) {
    isFinished_ = true;
    return use_.onFailure(reason_);
  }
  restartTimer();
  if (!std::exchange(isLost_, true)) call<const std::string&>(use_.onLoss, reason_);
}

bool Source::isOurs(GstMessage* message) const {
  GstObject* from = GST_MESSAGE_SRC(message);
  return element_ && (from == GST_OBJECT(element_) || gst_object_has_as_ancestor(from, GST_OBJECT(element_)));
}

bool Source::handle(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_APPLICATION && gst_message_has_name(message, "stream-ended")) {
    if (!element_) return true;
    if (openPads_ > 0) return lose("it has ended"), true;
    if (!isLeaving_) reason_ = "it has ended";
    return leave(), true;
  }
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return false;
  // A source that is gone may have left a message.
  if (!isOurs(message)) return !gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(pipeline_));
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  if (isLive() || lastDataUs_ == 0)
    lose(error->message);
  else
    use_.onFailure(error->message);
  g_clear_error(&error);
  return true;
}

void Source::finish() {
  isFinished_ = true;
  if (isLeaving_) return;
  if (element_ && isLive()) return drain();
  disconnect();
  use_.onEnd();
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
  gst_caps_unref(caps);
  GstPad* sink = source.use_.sinkOf(kind);
  if (!sink || gst_pad_is_linked(sink)) return;
  GstQuery* latency = gst_query_new_latency();
  gboolean isLive = FALSE;
  if (gst_pad_query(pad, latency)) gst_query_parse_latency(latency, &isLive, nullptr, nullptr);
  gst_query_unref(latency);
  source.isLive_ = source.isLive_ || isLive;
  source.openPads_++;
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), onData, self, nullptr);
  gst_pad_link(pad, sink);
}

void Source::onNoMorePads(GstElement*, gpointer self) {
  call(static_cast<Source*>(self)->use_.onAllPads);
}

GstPadProbeReturn Source::onData(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& source = *static_cast<Source*>(self);
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    source.lastDataUs_ = g_get_monotonic_time();
    return GST_PAD_PROBE_OK;
  }
  if (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) != GST_EVENT_EOS || !source.isLive())
    return GST_PAD_PROBE_OK;
  // The stream's end is not that of the captions.
  source.openPads_--;
  GstObject* pipeline = GST_OBJECT(source.pipeline_);
  gst_element_post_message(source.pipeline_,
                           gst_message_new_application(pipeline, gst_structure_new_empty("stream-ended")));
  return GST_PAD_PROBE_DROP;
}
