// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream.h"

#include <cstdio>
#include <utility>

namespace {

constexpr char kUri[] =
    "uridecodebin name=source caps=\"audio/x-raw; video/x-raw\" "
    // Files come at the clock's pace.
    "identity name=sound sync=true ! ";
constexpr char kMicrophone[] = "autoaudiosrc name=source ! identity name=sound ! ";
constexpr char kSound[] =
    "tee name=all "
    // Holds what is said while the model loads.
    "all. ! queue max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! "
    "nputranscriber name=transcriber granularity=line lines=2 latency=6000 ! fakesink sync=false async=false "
    "all. ! queue name=hold ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
    "voaacenc bitrate=128000 ! aacparse ! segments.audio_0 "
    "splitmuxsink name=segments muxer=mpegtsmux reset-muxer=false send-keyframe-requests=true";
// Key frames are where splitmuxsink asks for them, and nowhere else.
constexpr char kPicture[] =
    "identity sync=true ! queue ! videoconvert ! x264enc tune=zerolatency speed-preset=veryfast bitrate=2000 "
    "key-int-max=100000 option-string=scenecut=0 ! video/x-h264,profile=main ! h264parse";
// Peaks, with what MPEG-TS adds.
constexpr int kSoundBits = 250'000, kPictureBits = 3'000'000;

GstPad* padOf(GstElement* pipeline, const char* name, const char* pad) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  if (!element) return nullptr;
  GstPad* found = gst_element_get_static_pad(element, pad);
  gst_object_unref(element);
  return found;
}

void sendEos(GstElement* pipeline, const char* name) {
  GstPad* pad = padOf(pipeline, name, "sink");
  if (!pad) return;
  gst_pad_send_event(pad, gst_event_new_eos());
  gst_object_unref(pad);
}

}  // namespace

Stream::Stream(const std::string& uri, const std::string& files, int64_t segmentNs,
               const std::string& language) {
  gst_segment_init(&textSegment_, GST_FORMAT_TIME);
  const std::string description = (uri.empty() ? kMicrophone : kUri) + std::string(kSound);
  GError* error = nullptr;
  pipeline_ = gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!pipeline_) {
    error_ = error->message;
    g_clear_error(&error);
    return;
  }
  source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
  GstElement* segments = gst_bin_get_by_name(GST_BIN(pipeline_), "segments");
  g_object_set(segments, "location", files.c_str(), "max-size-time", static_cast<guint64>(segmentNs),
               nullptr);
  gst_object_unref(segments);
  GstElement* transcriber = gst_bin_get_by_name(GST_BIN(pipeline_), "transcriber");
  gst_util_set_object_arg(G_OBJECT(transcriber), "language", language.c_str());
  gst_object_unref(transcriber);

  GstPad* text = padOf(pipeline_, "transcriber", "src");
  constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(text, static_cast<GstPadProbeType>(kTypes), onText, this, nullptr);
  gst_object_unref(text);
  if (uri.empty()) {
    hasBegun_ = true;
    return;
  }
  GstPad* sound = padOf(pipeline_, "hold", "src");
  hold_ = gst_pad_add_probe(
      sound, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  gst_object_unref(sound);
  g_object_set(source_, "uri", uri.c_str(), nullptr);
  g_signal_connect(source_, "pad-added", G_CALLBACK(onPad), this);
  g_signal_connect(source_, "no-more-pads", G_CALLBACK(onNoMorePads), this);
}

Stream::~Stream() {
  if (!pipeline_) return;
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_clear_object(&source_);
  gst_object_unref(pipeline_);
}

void Stream::stop() {
  // In GStreamer 1.22, splitmuxsink may else wait for ever in a pad that its stop has not reached.
  GstElement* segments = gst_bin_get_by_name(GST_BIN(pipeline_), "segments");
  gst_element_foreach_sink_pad(
      segments,
      [](GstElement*, GstPad* pad, gpointer) { return gst_pad_send_event(pad, gst_event_new_flush_start()); },
      nullptr);
  gst_object_unref(segments);
  gst_element_set_state(pipeline_, GST_STATE_READY);
}

bool Stream::finish() {
  if (!hasBegun_) return false;
  if (!source_) return true;
  // A change of the pipeline's state, in a thread of its own, would else start it again.
  gst_element_set_locked_state(source_, TRUE);
  gst_element_set_state(source_, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline_), source_);
  gst_clear_object(&source_);
  sendEos(pipeline_, "sound");
  sendEos(pipeline_, "picture");
  return true;
}

bool Stream::isLive() const {
  GstPad* sound = padOf(pipeline_, "sound", "sink");
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(sound, query)) gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  gst_object_unref(sound);
  return live;
}

bool Stream::isOfSource(GstMessage* message) const {
  GstObject* from = GST_MESSAGE_SRC(message);
  return source_ && (from == GST_OBJECT(source_) || gst_object_has_as_ancestor(from, GST_OBJECT(source_)));
}

void Stream::onPad(GstElement*, GstPad* pad, gpointer self) {
  auto& stream = *static_cast<Stream*>(self);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  const std::string kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  gst_caps_unref(caps);
  if (kind == "video/x-raw") return stream.addPicture(pad);
  if (kind != "audio/x-raw") return;
  GstPad* sound = padOf(stream.pipeline_, "sound", "sink");
  if (!gst_pad_is_linked(sound)) gst_pad_link(pad, sound);
  gst_object_unref(sound);
}

void Stream::addPicture(GstPad* pad) {
  GstElement* present = gst_bin_get_by_name(GST_BIN(pipeline_), "picture");
  if (present) return gst_object_unref(present);
  GError* error = nullptr;
  GstElement* picture =
      gst_parse_bin_from_description_full(kPicture, TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!picture) {
    GST_ELEMENT_ERROR(pipeline_, CORE, MISSING_PLUGIN, ("%s", error->message), (nullptr));
    g_clear_error(&error);
    return;
  }
  gst_object_set_name(GST_OBJECT(picture), "picture");
  gst_bin_add(GST_BIN(pipeline_), picture);
  GstElement* segments = gst_bin_get_by_name(GST_BIN(pipeline_), "segments");
  gst_element_link_pads(picture, "src", segments, "video");
  gst_object_unref(segments);
  gst_element_sync_state_with_parent(picture);
  GstPad* sink = gst_element_get_static_pad(picture, "sink");
  gst_pad_link(pad, sink);
  gst_object_unref(sink);
}

void Stream::onNoMorePads(GstElement*, gpointer self) {
  auto& stream = *static_cast<Stream*>(self);
  GstPad* sound = padOf(stream.pipeline_, "sound", "sink");
  const bool isThere = gst_pad_is_linked(sound);
  gst_object_unref(sound);
  if (!isThere) {
    GST_ELEMENT_ERROR(stream.source_, STREAM, WRONG_TYPE, ("has no sound"), (nullptr));
    return;
  }
  if (stream.hasBegun_.exchange(true)) return;
  GstPad* held = padOf(stream.pipeline_, "hold", "src");
  gst_pad_remove_probe(held, std::exchange(stream.hold_, 0));
  gst_object_unref(held);
}

Encoding Stream::encoding() const {
  const std::string sound = "mp4a.40.2";
  GstPad* picture = padOf(pipeline_, "picture", "src");
  if (!picture) return {kSoundBits, sound};
  GstCaps* caps = gst_pad_get_current_caps(picture);
  gst_object_unref(picture);
  const gchar* level = caps ? gst_structure_get_string(gst_caps_get_structure(caps, 0), "level") : nullptr;
  char codec[16];
  std::snprintf(codec, sizeof codec, "avc1.4D40%02X",  // main profile, and the level in tenths
                static_cast<unsigned>(level ? 10 * g_ascii_strtod(level, nullptr) + 0.5 : 40) & 0xff);
  gst_clear_caps(&caps);
  return {kSoundBits + kPictureBits, codec + (',' + sound)};
}

GstPadProbeReturn Stream::onText(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& stream = *static_cast<Stream*>(self);
  const auto runningTime = [&](GstClockTime time) {
    return static_cast<gint64>(gst_segment_to_running_time(&stream.textSegment_, GST_FORMAT_TIME, time));
  };
  GstStructure* news = nullptr;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
    const std::string text(reinterpret_cast<const char*>(map.data), map.size);
    gst_buffer_unmap(buffer, &map);
    const GstClockTime start = GST_BUFFER_PTS(buffer);
    news = gst_structure_new("text", "start", G_TYPE_INT64, runningTime(start), "until", G_TYPE_INT64,
                             runningTime(start + GST_BUFFER_DURATION(buffer)), "text", G_TYPE_STRING,
                             text.c_str(), nullptr);
  } else {
    GstEvent* event = gst_pad_probe_info_get_event(info);
    GstClockTime start, duration;
    switch (GST_EVENT_TYPE(event)) {
      case GST_EVENT_SEGMENT:
        gst_event_copy_segment(event, &stream.textSegment_);
        break;
      case GST_EVENT_GAP:
        gst_event_parse_gap(event, &start, &duration);
        if (GST_CLOCK_TIME_IS_VALID(duration)) start += duration;
        news = gst_structure_new("text", "until", G_TYPE_INT64, runningTime(start), nullptr);
        break;
      case GST_EVENT_EOS:
        news = gst_structure_new("text", "until", G_TYPE_INT64, G_MAXINT64, nullptr);
        break;
      default:
        break;
    }
  }
  if (news)
    gst_element_post_message(stream.pipeline_,
                             gst_message_new_application(GST_OBJECT(stream.pipeline_), news));
  return GST_PAD_PROBE_OK;
}
