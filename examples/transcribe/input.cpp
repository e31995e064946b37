// SPDX-License-Identifier: LGPL-2.1-or-later
// One input on its way through uridecodebin and nputranscriber.
#include "input.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <utility>

#include "text_buffer.h"

namespace {

// Decodes audio only; video streams stay as they are.
constexpr char kFile[] = "uridecodebin name=source caps=audio/x-raw expose-all-streams=false ! ";
// identity waits for the clock, and says that the stream is live.
constexpr char kPaced[] = "identity sync=true ! ";
constexpr char kMicrophone[] = "autoaudiosrc name=source ! ";
// Holds what is said while the model loads.
constexpr char kEntry[] = "queue name=entry max-size-time=60000000000 max-size-bytes=0 max-size-buffers=0 ! ";
// Text leaves without waiting for a clock.
constexpr char kTranscriber[] =
    "nputranscriber name=transcriber transcriber.src ! fakesink sync=false async=false ";
constexpr char kInterim[] = "transcriber.unsynced_src ! fakesink sync=false async=false";

std::string pipelineOf(const Options& options) {
  if (!options.live) return std::string(kFile) + kTranscriber;
  return (options.isMicrophone() ? kMicrophone : std::string(kFile) + kPaced) + kEntry + kTranscriber +
         kInterim;
}

// Containers round their durations; a whole second is missing audio.
constexpr int64_t kShortfallNs = 1'000'000'000;

/// The URI of a file's name, or of a URI; empty, with the reason in `error`, where there is neither.
std::string uriOf(const std::string& input, std::string& error) {
  std::error_code ignored;
  const auto status = std::filesystem::status(input, ignored);
  if (!std::filesystem::exists(status)) {
    if (gst_uri_is_valid(input.c_str())) return input;
    error = "no such file";
    return {};
  }
  if (std::filesystem::is_directory(status)) {
    error = "is a folder; name the files in it";
    return {};
  }
  gchar* uri = gst_filename_to_uri(input.c_str(), nullptr);
  std::string result = uri ? uri : "";
  g_free(uri);
  return result;
}

/// A message on one line, without a full stop at its end.
std::string oneLine(std::string line) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

GstEvent* eventOf(GstPadProbeInfo* info) {
  return info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM ? gst_pad_probe_info_get_event(info) : nullptr;
}

void postNews(GstElement* pipeline) {
  GstStructure* news = gst_structure_new_empty("text");
  gst_element_post_message(pipeline, gst_message_new_application(GST_OBJECT(pipeline), news));
}

GstBuffer* bufferOf(GstPadProbeInfo* info) {
  return info->type & GST_PAD_PROBE_TYPE_BUFFER ? gst_pad_probe_info_get_buffer(info) : nullptr;
}

}  // namespace

Input::Input(const std::string& name, const Options& options, std::function<void()> changed)
    : name_(name), options_(options), changed_(std::move(changed)) {
  transcript_.file = name;
  transcript_.model = options.model;
  for (const auto& [property, value] : options.properties)
    if (property == "language" && value != "auto") language_ = value;
  gst_segment_init(&audioSegment_, GST_FORMAT_TIME);
  gst_segment_init(&textSegment_, GST_FORMAT_TIME);
}

Input::~Input() {
  stop();
}

bool Input::build() {
  std::string error, uri;
  if (!options_.isMicrophone()) {
    uri = StreamInput::isOne(name_) ? stream_.open(name_, error) : uriOf(name_, error);
    if (uri.empty()) {
      end(error);
      return false;
    }
  }
  GError* parsing = nullptr;
  pipeline_ =
      gst_parse_launch_full(pipelineOf(options_).c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &parsing);
  if (!pipeline_) {
    hopeless_ = true;
    end(oneLine(parsing->message) + "; GST_PLUGIN_PATH must name the folder of libgstnpuspeech.so");
    g_clear_error(&parsing);
    return false;
  }
  source_ = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
  if (!uri.empty()) {
    g_object_set(source_, "uri", uri.c_str(), nullptr);
    g_signal_connect(source_, "unknown-type", G_CALLBACK(onUndecodable), this);
  }
  transcriber_ = gst_bin_get_by_name(GST_BIN(pipeline_), "transcriber");
  for (const auto& [property, value] : options_.properties)
    gst_util_set_object_arg(G_OBJECT(transcriber_), property.c_str(), value.c_str());

  const auto probe = [this](const char* name, GstPadProbeCallback callback) {
    GstPad* pad = gst_element_get_static_pad(transcriber_, name);
    constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), callback, this, nullptr);
    gst_object_unref(pad);
  };
  probe("sink", onAudio);
  probe("src", onText);
  if (options_.live) probe("unsynced_src", onInterim);
  GstBus* bus = gst_element_get_bus(pipeline_);
  watch_ = gst_bus_add_watch(bus, onMessage, this);
  gst_object_unref(bus);
  return true;
}

void Input::start() {
  startTime_ = Clock::now();
  // A change of state that fails has put its reason on the bus.
  if (build()) gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

void Input::stop() {
  if (watch_) g_source_remove(std::exchange(watch_, 0));
  if (!pipeline_) return;
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(std::exchange(source_, nullptr));
  gst_object_unref(std::exchange(transcriber_, nullptr));
  gst_object_unref(std::exchange(pipeline_, nullptr));
}

void Input::finish() {
  if (hasEnded() || std::exchange(finishing_, true)) return;
  std::unique_lock lock(mutex_);
  const bool heard = audioNs_ > 0;
  lock.unlock();
  if (!heard) {
    complete_ = true;
    return end("");
  }
  // Behind the audio that waits there; from then on the queue takes no more.
  GstElement* entry = gst_bin_get_by_name(GST_BIN(pipeline_), "entry");
  GstPad* pad = gst_element_get_static_pad(entry, "sink");
  gst_pad_send_event(pad, gst_event_new_eos());
  gst_object_unref(pad);
  gst_object_unref(entry);
}

void Input::end(std::string error) {
  if (hasEnded()) return;
  takeArrivals();
  error_ = std::move(error);
  endTime_ = Clock::now();
  changed_();
}

void Input::takeArrivals() {
  const std::lock_guard lock(mutex_);
  std::move(arrivals_.begin(), arrivals_.end(), std::back_inserter(transcript_.segments));
  arrivals_.clear();
  transcript_.language = language_;
  transcript_.durationNs = audioNs_;
}

int64_t Input::positionNs() {
  const std::lock_guard lock(mutex_);
  return textNs_;
}

LiveWords Input::pendingWords() {
  const std::lock_guard lock(mutex_);
  return interim_.pending();
}

int64_t Input::durationNs() const {
  gint64 duration = 0;
  return pipeline_ && gst_element_query_duration(pipeline_, GST_FORMAT_TIME, &duration) ? duration : 0;
}

gboolean Input::onMessage(GstBus*, GstMessage* message, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      input.onError(message);
      break;
    case GST_MESSAGE_WARNING:
      // autoaudiosrc goes on with silence where no microphone can be opened.
      if (input.options_.isMicrophone() && GST_MESSAGE_SRC(message) == GST_OBJECT(input.source_)) {
        GError* warning = nullptr;
        gst_message_parse_warning(message, &warning, nullptr);
        input.end("no microphone can be opened: " + oneLine(warning->message));
        g_clear_error(&warning);
      }
      break;
    case GST_MESSAGE_EOS:
      input.complete_ = true;
      input.end(input.finishing_ ? "" : input.shortfall());
      break;
    case GST_MESSAGE_PROGRESS:
      input.onProgress(message);
      break;
    case GST_MESSAGE_APPLICATION:  // onText's and onInterim's
      input.takeArrivals();
      input.changed_();
      break;
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name(message, "npuspeech/device"))
        if (const gchar* device = gst_structure_get_string(gst_message_get_structure(message), "device"))
          input.transcript_.device = device;
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

void Input::onError(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  // A model, device or setting that the transcriber refuses once, it refuses for every input.
  const bool refusal = error->domain == GST_RESOURCE_ERROR ||
                       g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS) ||
                       g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_NOT_IMPLEMENTED);
  GstObject* source = GST_MESSAGE_SRC(message);
  GstObject* transcriber = GST_OBJECT(transcriber_);
  hopeless_ = refusal && (source == transcriber || gst_object_has_as_ancestor(source, transcriber));
  if (options_.isMicrophone() &&
      (source == GST_OBJECT(source_) || gst_object_has_as_ancestor(source, GST_OBJECT(source_)))) {
    end("no microphone can be opened: " + oneLine(error->message));
  } else if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    std::unique_lock lock(mutex_);
    const std::string kind = undecodable_;
    lock.unlock();
    end(kind.empty() ? "has no audio" : "has audio of a kind that no installed decoder knows: " + kind);
  } else {
    end(oneLine(error->message));
  }
  g_clear_error(&error);
}

std::string Input::shortfall() {
  // Who writes into a pipe cannot come back to say how long it has become.
  if (stream_.isPipe()) return {};
  takeArrivals();
  const int64_t heldNs = transcript_.durationNs, promisedNs = durationNs();
  if (promisedNs - heldNs < kShortfallNs) return {};
  char text[96];
  std::snprintf(text, sizeof text, "is cut short: it holds %.1f of %.1f s", static_cast<double>(heldNs) / 1e9,
                static_cast<double>(promisedNs) / 1e9);
  return text;
}

void Input::onUndecodable(GstElement*, GstPad*, GstCaps* caps, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  if (!g_str_has_prefix(kind, "audio/")) return;
  const std::lock_guard lock(input.mutex_);
  input.undecodable_ = kind;
}

void Input::onProgress(GstMessage* message) {
  GstProgressType type;
  gchar* code = nullptr;
  gst_message_parse_progress(message, &type, &code, nullptr);
  if (g_strcmp0(code, "loading") == 0) {
    // More than one part of the transcriber asks for the model.
    if (type == GST_PROGRESS_TYPE_START && loading_++ == 0) loadStart_ = Clock::now();
    if (type == GST_PROGRESS_TYPE_COMPLETE && --loading_ == 0) loadTime_ += Clock::now() - loadStart_;
    changed_();
  }
  g_free(code);
}

GstPadProbeReturn Input::onAudio(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  if (GstEvent* event = eventOf(info)) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &input.audioSegment_);
  } else if (GstBuffer* buffer = bufferOf(info)) {
    const int64_t end = streamEnd(input.audioSegment_, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
    const std::lock_guard lock(input.mutex_);
    input.audioNs_ = std::max(input.audioNs_, end);
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Input::onText(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  const GstSegment& segment = input.textSegment_;
  if (GstEvent* event = eventOf(info)) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment(event, &input.textSegment_);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
      GstClockTime start, duration;
      gst_event_parse_gap(event, &start, &duration);
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = streamEnd(segment, start, duration);
    }
  } else if (GstBuffer* buffer = bufferOf(info)) {
    std::string language;
    Segment caption = captionOf(segment, buffer, language);
    {
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = caption.endNs;
      if (!language.empty()) input.language_ = std::move(language);
      input.arrivals_.push_back(std::move(caption));
      input.interim_.settle(GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer));
    }
    postNews(input.pipeline_);
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Input::onInterim(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  GstBuffer* buffer = bufferOf(info);
  GstMapInfo map;
  if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  {
    const std::lock_guard lock(input.mutex_);
    input.interim_.take({reinterpret_cast<const char*>(map.data), map.size});
  }
  gst_buffer_unmap(buffer, &map);
  postNews(input.pipeline_);
  return GST_PAD_PROBE_OK;
}
