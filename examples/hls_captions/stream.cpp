// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stream.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace {

constexpr char kUri[] =
    // Silence is zeros.
    "audioconvert name=sound ! audio/x-raw,format={S16LE,F32LE} ! "
    // Files come at the clock's pace.
    "identity name=pace sync=true ! ";
constexpr char kMicrophone[] = "autoaudiosrc name=source ! identity name=sound ! ";
constexpr char kSound[] =
    "tee name=all "
    // Holds what is said while the model loads.
    "all. ! queue max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! "
    "nputranscriber name=transcriber granularity=line lines=2 latency=6000 ! fakesink sync=false async=false "
    // Each track may be filled for a while before the other.
    "all. ! queue name=hold max-size-time=20000000000 max-size-bytes=0 max-size-buffers=0 ! "
    // The times of packets waver; the encoder would begin anew, and splitmuxsink fail where they go back.
    "audiorate skip-to-first=true ! audioconvert ! "
    "audioresample ! audio/x-raw,rate=48000,channels=2 ! "
    "voaacenc bitrate=128000 ! aacparse ! segments.audio_0 "
    "splitmuxsink name=segments muxer=mpegtsmux reset-muxer=false send-keyframe-requests=true";
// Key frames are where splitmuxsink asks for them, and nowhere else.
constexpr char kPicture[] =
    "identity name=picture-pace sync=true ! "
    "queue max-size-time=5000000000 max-size-bytes=200000000 max-size-buffers=0 ! videoconvert ! x264enc "
    "tune=zerolatency speed-preset=veryfast bitrate=2000 "
    "key-int-max=100000 option-string=scenecut=0 ! video/x-h264,profile=main ! h264parse";
constexpr guint kKeepUpMs = 200;
/// How far behind the clock a lost source's tracks are: it may have 2 s on their way while it comes back.
constexpr GstClockTime kBehind = 5 * GST_SECOND;
/// A picture that does not move needs few frames.
constexpr GstClockTime kPictureStep = 200 * GST_MSECOND;
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
               const std::string& language, StreamReports reports)
    : reports_(std::move(reports)) {
  gst_segment_init(&textSegment_, GST_FORMAT_TIME);
  const std::string description = (uri.empty() ? kMicrophone : kUri) + std::string(kSound);
  GError* error = nullptr;
  pipeline_ = gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!pipeline_) {
    error_ = error->message;
    g_clear_error(&error);
    return;
  }
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
    microphone_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
    hasBegun_ = true;
    return;
  }
  GstPad* sound = padOf(pipeline_, "hold", "src");
  hold_ = gst_pad_add_probe(
      sound, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  gst_object_unref(sound);
  source_ = std::make_unique<Source>(pipeline_, uri, use());
  GstElement* pace = gst_bin_get_by_name(GST_BIN(pipeline_), "pace");
  soundBridge_ = std::make_unique<Bridge>(pace, true, 0);
  gst_object_unref(pace);
}

SourceUse Stream::use() {
  SourceUse use;
  use.hasPicture = true;
  use.sinkOf = [this](const std::string& kind) { return sinkOf(kind); };
  use.onAllPads = [this] { onAllPads(); };
  use.onFailure = reports_.onFailure;
  use.onEnd = [this] { end(); };
  use.onLoss = [this](const std::string& reason) {
    if (!keepUp_)
      keepUp_ = g_timeout_add(
          kKeepUpMs,
          [](gpointer self) -> gboolean {
            static_cast<Stream*>(self)->keepUp();
            return G_SOURCE_CONTINUE;
          },
          this);
    if (reports_.onLoss) reports_.onLoss(reason);
  };
  use.onReturn = [this] {
    g_source_remove(std::exchange(keepUp_, 0));
    if (reports_.onReturn) reports_.onReturn();
  };
  return use;
}

Stream::~Stream() {
  if (keepUp_) g_source_remove(keepUp_);
  if (!pipeline_) return;
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  source_.reset();
  soundBridge_.reset();
  pictureBridge_.reset();
  gst_clear_object(&microphone_);
  gst_object_unref(pipeline_);
}

void Stream::start() {
  // Before the pipeline plays: its clock comes to the source with its state.
  if (source_) source_->connect();
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

void Stream::keepUp() {
  const GstClockTime now = gst_element_get_current_running_time(pipeline_);
  // What has come already is led on to by itself.
  if (!GST_CLOCK_TIME_IS_VALID(now) || now < kBehind || source_->isHeard()) return;
  soundBridge_->keepUp(now - kBehind);
  if (pictureBridge_) pictureBridge_->keepUp(now - kBehind);
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
  if (source_) {
    if (keepUp_) g_source_remove(std::exchange(keepUp_, 0));
    source_->finish();
  } else if (microphone_) {
    // A change of the pipeline's state, in a thread of its own, would else start it again.
    gst_element_set_locked_state(microphone_, TRUE);
    gst_element_set_state(microphone_, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(pipeline_), microphone_);
    gst_clear_object(&microphone_);
    end();
  }
  return true;
}

void Stream::end() {
  sendEos(pipeline_, "picture");
  sendEos(pipeline_, "sound");
}

bool Stream::isOfMicrophone(GstMessage* message) const {
  GstObject* from = GST_MESSAGE_SRC(message);
  return microphone_ &&
         (from == GST_OBJECT(microphone_) || gst_object_has_as_ancestor(from, GST_OBJECT(microphone_)));
}

GstPad* Stream::sinkOf(const std::string& kind) {
  if (kind != "audio/x-raw" && kind != "video/x-raw") return nullptr;
  if (kind == "video/x-raw" && !pictureBridge_ && (hasBegun_ || !addPicture())) return nullptr;
  GstPad* sink = padOf(pipeline_, kind == "audio/x-raw" ? "sound" : "picture", "sink");
  gst_object_unref(sink);  // the pipeline holds it
  return sink;
}

bool Stream::addPicture() {
  GError* error = nullptr;
  GstElement* picture =
      gst_parse_bin_from_description_full(kPicture, TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!picture) {
    GST_ELEMENT_ERROR(pipeline_, CORE, MISSING_PLUGIN, ("%s", error->message), (nullptr));
    g_clear_error(&error);
    return false;
  }
  gst_object_set_name(GST_OBJECT(picture), "picture");
  GstElement* pace = gst_bin_get_by_name(GST_BIN(picture), "picture-pace");
  pictureBridge_ = std::make_unique<Bridge>(pace, false, kPictureStep);
  gst_object_unref(pace);
  gst_bin_add(GST_BIN(pipeline_), picture);
  GstElement* segments = gst_bin_get_by_name(GST_BIN(pipeline_), "segments");
  gst_element_link_pads(picture, "src", segments, "video");
  gst_object_unref(segments);
  return gst_element_sync_state_with_parent(picture);
}

void Stream::onAllPads() {
  GstPad* sound = padOf(pipeline_, "sound", "sink");
  const bool isThere = gst_pad_is_linked(sound);
  gst_object_unref(sound);
  if (!isThere) {
    GST_ELEMENT_ERROR(pipeline_, STREAM, WRONG_TYPE, ("has no sound"), (nullptr));
    return;
  }
  if (hasBegun_.exchange(true)) return;
  GstPad* held = padOf(pipeline_, "hold", "src");
  gst_pad_remove_probe(held, std::exchange(hold_, 0));
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
