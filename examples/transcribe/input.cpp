// SPDX-License-Identifier: LGPL-2.1-or-later
// One input on its way through uridecodebin and nputranscriber.
#include "input.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "completeness.h"
#include "location.h"
#include "messages.h"
#include "text_buffer.h"

namespace {

// Behind an error nothing comes any more once no sound has come for so long.
constexpr guint kStallMs = 2000;

GstEvent* eventOf(GstPadProbeInfo* info) {
  return info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM ? gst_pad_probe_info_get_event(info) : nullptr;
}

constexpr char kText[] = "text", kEnd[] = "end";

void postNews(GstElement* pipeline, const char* what) {
  GstStructure* news = gst_structure_new_empty(what);
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

bool Input::locate(std::string& error) {
  uri_ = StreamInput::isOne(name_) ? stream_.open(name_, error) : uriOf(name_, error);
  path_ = fileOf(uri_);
  if (path_.empty()) return error.empty();
  error = hopelessnessOf(path_);
  if (error.empty() && repeatsStream(path_)) uri_ = stream_.openInOrder(path_, error);
  return error.empty();
}

bool Input::build() {
  std::string error;
  if (!options_.isMicrophone() && !locate(error)) {
    end(error);
    return false;
  }
  timeline_ = std::make_unique<Timeline>();
  pipeline_ = std::make_unique<Pipeline>();
  if (!pipeline_->build(options_, uri_, error)) {
    pipeline_.reset();
    hopeless_ = true;
    end(error);
    return false;
  }
  if (!uri_.empty()) {
    tracks_ = std::make_unique<Tracks>(pipeline_->source, pipeline_->entry, options_.track);
    streams_ = std::make_unique<StreamWatch>(pipeline_->top, [this](GstPad* pad) {
      timeline_->watch(pad);
      tracks_->addStream(pad);
    });
  }
  if (!path_.empty()) {
    recovery_ = std::make_unique<Recovery>(*pipeline_, path_, !options_.live);
    streams_->watchAll([this](GstPad* pad) { recovery_->addStream(pad); });
  }
  const auto probe = [this](const char* name, GstPadProbeCallback callback) {
    GstPad* pad = gst_element_get_static_pad(pipeline_->transcriber, name);
    constexpr int kTypes = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(kTypes), callback, this, nullptr);
    gst_object_unref(pad);
  };
  probe("sink", onAudio);
  probe("src", onText);
  if (options_.live) probe("unsynced_src", onInterim);
  GstBus* bus = gst_element_get_bus(pipeline_->top);
  watch_ = gst_bus_add_watch(bus, onMessage, this);
  gst_object_unref(bus);
  return true;
}

void Input::start() {
  startTime_ = Clock::now();
  // A change of state that fails has put its reason on the bus.
  if (build()) gst_element_set_state(pipeline_->top, GST_STATE_PLAYING);
  if (pipeline_ && !path_.empty())
    idle_ = std::make_unique<IdleCheck>(
        *pipeline_, [this] { return hasEnded() || hasSound(); }, [this] { giveUpIdle(); });
}

void Input::giveUpIdle() {
  const ErrorContext context{uri_, tracks_->undecodable(), streams_->kind()};
  GError* error = g_error_new_literal(GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "cannot be decoded");
  end(withCut(sentenceOf(error, context)));
  g_error_free(error);
}

bool Input::hasSound() {
  const std::lock_guard lock(mutex_);
  return audioNs_ > 0;
}

void Input::stop() {
  for (guint* source : {&watch_, &stallCheck_})
    if (*source) g_source_remove(std::exchange(*source, 0));
  idle_.reset();
  drain_.cancel();
  if (pipeline_) pipeline_->stop();  // its threads use all of these
  recovery_.reset();
  pipeline_.reset();
  streams_.reset();
  tracks_.reset();
  timeline_.reset();
}

void Input::finish() {
  if (hasEnded() || std::exchange(finishing_, true)) return;
  if (pipeline_ && drain_.begin(pipeline_->top)) return;
  if (!hasSound()) {
    complete_ = true;
    return end("");
  }
  // Behind the audio that waits there; from then on the queue takes no more.
  GstElement* entry = gst_bin_get_by_name(GST_BIN(pipeline_->top), "entry");
  GstPad* pad = gst_element_get_static_pad(entry, "sink");
  gst_pad_send_event(pad, gst_event_new_eos());
  gst_object_unref(pad);
  gst_object_unref(entry);
}

void Input::end(std::string error) {
  if (hasEnded()) return;
  takeArrivals();
  if (error_.empty()) {
    error_ = std::move(error);
  } else if (transcript_.durationNs > 0) {
    char text[64];
    std::snprintf(text, sizeof text,
                  "breaks off after %.1f s: ", static_cast<double>(transcript_.durationNs) / 1e9);
    error_ = text + error_;
  } else {
    complete_ = false;
  }
  endTime_ = Clock::now();
  changed_();
}

// What was heard before an error is said. Elements send EOS behind their errors; where one does not, it is
// sent.
void Input::endWhenHeard(std::string error) {
  std::unique_lock lock(mutex_);
  checkedNs_ = audioNs_;
  lock.unlock();
  // Of a download that breaks off, sound may still be on its way to the decoder.
  if (checkedNs_ == 0 && !gst_pad_is_linked(pipeline_->entry) && !path_.empty()) return end(std::move(error));
  error_ = std::move(error);
  gst_element_set_state(pipeline_->text, GST_STATE_PLAYING);  // a source that failed need not get there
  stallCheck_ = g_timeout_add(
      kStallMs,
      [](gpointer self) -> gboolean {
        auto& input = *static_cast<Input*>(self);
        if (!input.isStalled()) return G_SOURCE_CONTINUE;
        input.stallCheck_ = 0;
        input.checkedNs_ == 0 ? input.end("") : input.pipeline_->endSound();
        return G_SOURCE_REMOVE;
      },
      this);
}

bool Input::isStalled() {
  const std::lock_guard lock(mutex_);
  return std::exchange(checkedNs_, audioNs_) == audioNs_;
}

void Input::takeArrivals() {
  const std::lock_guard lock(mutex_);
  std::move(arrivals_.begin(), arrivals_.end(), std::back_inserter(transcript_.segments));
  arrivals_.clear();
  transcript_.language = language_;
  transcript_.durationNs = audioNs_;
}

std::string Input::takeNote() {
  if (!error_.empty() && transcript_.durationNs == 0) note_.clear();  // the error says more
  std::string note = tracks_ ? tracks_->takeNote() : "";
  return note.empty() ? std::exchange(note_, {}) : note;
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
  return pipeline_ && gst_element_query_duration(pipeline_->top, GST_FORMAT_TIME, &duration) ? duration : 0;
}

gboolean Input::onMessage(GstBus*, GstMessage* message, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      input.onError(message);
      break;
    case GST_MESSAGE_WARNING:
      // autoaudiosrc goes on with silence where no microphone can be opened.
      if (input.options_.isMicrophone() && GST_MESSAGE_SRC(message) == GST_OBJECT(input.pipeline_->source)) {
        GError* warning = nullptr;
        gst_message_parse_warning(message, &warning, nullptr);
        input.end("no microphone can be opened: " + oneLine(warning->message));
        g_clear_error(&warning);
      }
      break;
    case GST_MESSAGE_PROGRESS:
      input.onProgress(message);
      break;
    case GST_MESSAGE_APPLICATION:  // from streaming threads
      if (gst_message_has_name(message, kEnd)) {
        input.complete_ = true;
        input.end(input.finishing_ ? "" : input.shortfall());
      }
      if (gst_message_has_name(message, Recovery::kNews)) input.recovery_->attend();
      input.takeArrivals();
      input.changed_();
      break;
    case GST_MESSAGE_ELEMENT:
      input.onElementNews(gst_message_get_structure(message));
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

void Input::onElementNews(const GstStructure* news) {
  if (gst_structure_has_name(news, "npuspeech/device")) {
    if (const gchar* device = gst_structure_get_string(news, "device")) transcript_.device = device;
  } else if (gst_structure_has_name(news, "npuspeech/no-words")) {
    if (const gchar* text = gst_structure_get_string(news, "text")) note_ = oneLine(text);
    changed_();
  }
}

void Input::onError(GstMessage* message) {
  if (hasEnded() || !error_.empty()) return;
  GstObject* source = GST_MESSAGE_SRC(message);
  const auto isFrom = [source](GstElement* element) {
    return source == GST_OBJECT(element) || gst_object_has_as_ancestor(source, GST_OBJECT(element));
  };
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  // A model, device or setting that the transcriber refuses once, it refuses for every input.
  const bool refusal = error->domain == GST_RESOURCE_ERROR ||
                       g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS) ||
                       g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_NOT_IMPLEMENTED);
  const bool isOurs = isFrom(pipeline_->transcriber);
  hopeless_ = refusal && isOurs;
  if (options_.isMicrophone() && isFrom(pipeline_->source))
    end("no microphone can be opened: " + oneLine(error->message));
  else if (isOurs)
    end(oneLine(error->message));
  else if (!recovery_ || !recovery_->takesError())
    endWhenHeard(reasonOf(message));
  g_clear_error(&error);
}

std::string Input::shortfall() {
  takeArrivals();
  if (!recovery_) return "";
  const std::string cut = shortfallOf(path_, transcript_.durationNs, durationNs());
  return cut.empty() || recovery_->hasReadOn() ? recovery_->loss() : cut;
}

/// What is the matter, of this error and those that came with it.
std::string Input::reasonOf(GstMessage* message) {
  std::string error = tracks_->takeError();
  if (!error.empty()) return error;
  GstBus* bus = gst_element_get_bus(pipeline_->top);
  GError* root = rootOf(message, bus);
  gst_object_unref(bus);
  error = withCut(sentenceOf(root, {uri_, tracks_->undecodable(), streams_->kind()}));
  g_clear_error(&root);
  return error;
}

/// An error of a file that is cut comes from that.
std::string Input::withCut(const std::string& error) const {
  return path_.empty() || !isCutShort(path_) ? error : "is cut short: " + error;
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
  GstEvent* event = eventOf(info);
  const bool isSegment = event && GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT;
  if (event && !isSegment) return GST_PAD_PROBE_OK;
  if (isSegment) gst_event_copy_segment(event, &input.audioSegment_);
  if (!input.options_.live) input.timeline_->carryOn(input.audioSegment_, info);
  if (GstBuffer* buffer = bufferOf(info)) {
    const GstClockTime duration = GST_BUFFER_DURATION(buffer);
    const int64_t end = input.timeline_->timeOf(input.audioSegment_, endOf(GST_BUFFER_PTS(buffer), duration));
    const std::lock_guard lock(input.mutex_);
    // Of sound whose times do not keep up with it, there is as much as came.
    input.soundNs_ += GST_CLOCK_TIME_IS_VALID(duration) ? static_cast<int64_t>(duration) : 0;
    input.audioNs_ = std::max({input.audioNs_, end, input.soundNs_});
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Input::onText(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& input = *static_cast<Input*>(self);
  const GstSegment& segment = input.textSegment_;
  if (GstEvent* event = eventOf(info)) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment(event, &input.textSegment_);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
      // The bus says so only in state PLAYING, which a source that failed may never reach.
      postNews(input.pipeline_->top, kEnd);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
      GstClockTime start, duration;
      gst_event_parse_gap(event, &start, &duration);
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = input.timeline_->timeOf(segment, endOf(start, duration));
    }
  } else if (GstBuffer* buffer = bufferOf(info)) {
    std::string language;
    input.timeline_->fix();
    Segment caption = captionOf(*input.timeline_, segment, buffer, language);
    {
      const std::lock_guard lock(input.mutex_);
      input.textNs_ = caption.endNs;
      if (!language.empty()) input.language_ = std::move(language);
      input.arrivals_.push_back(std::move(caption));
      input.interim_.settle(GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer));
    }
    postNews(input.pipeline_->top, kText);
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
  postNews(input.pipeline_->top, kText);
  return GST_PAD_PROBE_OK;
}
