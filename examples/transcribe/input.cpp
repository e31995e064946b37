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

// Decodes audio only; video streams stay as they are. Text leaves without waiting for a clock.
constexpr char kPipeline[] =
    "uridecodebin name=source caps=audio/x-raw expose-all-streams=false ! nputranscriber name=transcriber ! "
    "fakesink sync=false async=false";

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
  std::string error;
  const std::string uri = uriOf(name_, error);
  if (uri.empty()) {
    end(error);
    return false;
  }
  GError* parsing = nullptr;
  pipeline_ = gst_parse_launch_full(kPipeline, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &parsing);
  if (!pipeline_) {
    hopeless_ = true;
    end(oneLine(parsing->message) + "; GST_PLUGIN_PATH must name the folder of libgstnpuspeech.so");
    g_clear_error(&parsing);
    return false;
  }
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
  g_object_set(source, "uri", uri.c_str(), nullptr);
  g_signal_connect(source, "unknown-type", G_CALLBACK(onUndecodable), this);
  gst_object_unref(source);
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
  gst_object_unref(std::exchange(transcriber_, nullptr));
  gst_object_unref(std::exchange(pipeline_, nullptr));
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
    case GST_MESSAGE_EOS:
      input.complete_ = true;
      input.end(input.shortfall());
      break;
    case GST_MESSAGE_PROGRESS:
      input.onProgress(message);
      break;
    case GST_MESSAGE_APPLICATION:  // onText's
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
  if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
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
    }
    GstStructure* news = gst_structure_new_empty("caption");
    gst_element_post_message(input.pipeline_, gst_message_new_application(GST_OBJECT(input.pipeline_), news));
  }
  return GST_PAD_PROBE_OK;
}
