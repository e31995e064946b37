// SPDX-License-Identifier: LGPL-2.1-or-later
// One input on its way through uridecodebin and nputranscriber.
#include "input.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "avi.h"
#include "completeness.h"
#include "latm.h"
#include "location.h"
#include "messages.h"
#include "wave_header.h"

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
  if (canBeRescued() && options_.track.empty()) leaveLatmFiles(pipeline_->source);
  if (!path_.empty()) {
    flac_ = checkFlac(path_);
    std::vector<Patch> patches = waveHeaderPatches(path_);
    if (patches.empty()) patches = aviHeaderPatches(path_);
    if (patches.empty()) patches = std::move(flac_.patches);
    reads_ = std::make_unique<PatchedReads>(pipeline_->source, std::move(patches));
    damage_ = std::make_unique<DamageWatch>(*pipeline_, path_, canBeRescued(), [this] { onSoundEnd(); });
    if (flac_.isDamaged) damage_->expect(flac_.endNs);
    streams_->watchAll([this](GstPad* pad) {
      if (damage_) damage_->addStream(pad);
    });
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
  if (build() && !(flac_.isDamaged && flac_.isVariable && beginRescue({}))) play();
}

void Input::play() {
  // A change of state that fails has put its reason on the bus.
  gst_element_set_state(pipeline_->top, GST_STATE_PLAYING);
  if (!path_.empty())
    idle_ = std::make_unique<IdleCheck>(
        *pipeline_, [this] { return hasEnded() || hasSound(); }, [this] { giveUpIdle(); });
}

bool Input::hasSound() {
  const std::lock_guard lock(mutex_);
  return audioNs_ > resumeNs_;
}

void Input::stop() {
  for (guint* source : {&watch_, &stallCheck_})
    if (*source) g_source_remove(std::exchange(*source, 0));
  idle_.reset();
  drain_.cancel();
  if (pipeline_) pipeline_->stop();  // its threads use all of these
  damage_.reset();
  pipeline_.reset();
  streams_.reset();
  tracks_.reset();
  timeline_.reset();
  reads_.reset();
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
  if (rescue_ && containerNs_ > 0) return containerNs_;
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
      if (gst_message_has_name(message, kEndNews)) {
        input.complete_ = true;
        input.end(input.finishing_ ? "" : input.shortfall());
      }
      if (gst_message_has_name(message, DamageWatch::kNews) && input.damage_) input.damage_->attend();
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
