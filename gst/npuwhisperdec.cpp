// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec: Whisper's decoder, from encoder states to timed text. Longer than most because of the comment
// below; what it does is in the files it includes.
/**
 * SECTION:element-npuwhisperdec
 * @title: npuwhisperdec
 *
 * Decodes the windows of #npuwhisperenc into text: a word, a sentence or a line in each buffer, with PTS,
 * duration and the custom meta `NpuWordMeta` (`confidence`, `language`, `words`); GAP events where nobody
 * speaks; a tag `language-code`; and event `rstranscribe/final-transcript` behind an utterance. `latency` is
 * what this element adds when upstream is live; `lateness` delays the text instead of the pipeline.
 *
 * Each word also goes upstream as event `rstranscribe/new-item`, with the running time of its audio.
 *
 * When upstream is live, words come while people speak, once they are certain, and are never taken back. What
 * may still change is on pad `unsynced_src` (application/x-json) and in element messages `npuspeech/interim`.
 *
 * |[
 * gst-launch-1.0 filesrc location=talk.flac ! decodebin ! audioconvert ! audioresample ! npumel !
 *   npuwhisperenc model=whisper-base ! npuwhisperdec model=whisper-base granularity=segment !
 *   srtenc ! filesink location=talk.srt
 * ]|
 *
 * Since: 0.1
 */
#include "gst/boundary.h"
#include "gst/decoder_output.h"
#include "gst/decoder_settings.h"
#include "gst/elements.h"
#include "gst/encoded_window.h"
#include "gst/engine_loader.h"
#include "gst/engine_properties.h"
#include "gst/events.h"
#include "gst/queries.h"
#include "gst/stage.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/window_meta.h"
#include "gst/word_meta.h"

GST_DEBUG_CATEGORY_STATIC(npuwhisperdec_debug);
#define GST_CAT_DEFAULT npuwhisperdec_debug

namespace {

using namespace npuspeech;
using namespace npuspeech::gst;

GstStaticPadTemplate sinkTemplate = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(NPUSPEECH_TENSOR_CAPS(NPUSPEECH_ENCODER_STATES)));
GstStaticPadTemplate srcTemplate = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("text/x-raw, format=(string)utf8"));

enum {
  PROP_0,
  PROP_ENGINE,
  PROP_SETTINGS = PROP_ENGINE + kEngineProperties,
  PROP_STATS = PROP_SETTINGS + kDecoderProperties,
  PROP_MAX_OBSERVED_DELAY
};

/// Enough for the engine to batch windows, at 3 MB each for the base model.
constexpr size_t kWindowsInFlight = 8;
/// Live, text may wait for a sink that is in no hurry, while the engine works on what comes next.
constexpr size_t kLiveWindowsInFlight = 256;

/// A window that is being decoded, or an event between two of them.
struct Item {
  Held<GstEvent> event;
  PlacedWindow place;
  std::optional<Result<DecodedWindow>> decoded;  // under the stage's lock until ready
  bool ready() const { return event || decoded; }
};

struct GstNpuWhisperDec {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuWhisperDecClass {
  GstElementClass parent_class;
};

GstFlowReturn process(GstNpuWhisperDec* self, Item& item);

struct State {
  explicit State(GstNpuWhisperDec* self)
      : loader(GST_ELEMENT(self)),
        reader(GST_ELEMENT(self)),
        interim(GST_ELEMENT(self)),
        output(GST_ELEMENT(self), self->sink, self->src, stats, interim),
        stage(
            GST_ELEMENT(self), kWindowsInFlight, [self](Item& item) { return process(self, item); },
            [this] { interrupt(); }) {}

  /// The stream that decodes; any thread.
  std::shared_ptr<DecodeStream> stream() {
    const std::lock_guard lock(streamMutex);
    return decodeStream;
  }
  void setStream(std::shared_ptr<DecodeStream> stream) {
    const std::lock_guard lock(streamMutex);
    decodeStream.swap(stream);
  }
  void interrupt() {
    loader.setInterrupted(true);
    if (const auto current = stream()) current->cancel();
  }

  DecoderSettings settings;  // under the object lock
  EngineLoader loader;
  Stats stats;

  // Of the sink pad's thread.
  std::optional<TensorFormat> input;
  TensorReader reader;

  GstSegment segment{};
  bool live = false;

  InterimOutput interim;
  DecoderOutput output;  // of the task

  Stage<Item> stage;
  std::mutex streamMutex;
  std::shared_ptr<DecodeStream> decodeStream;  // under it; last: its callbacks end before the stage
};

GType gst_npu_whisper_dec_get_type();
G_DEFINE_TYPE(GstNpuWhisperDec, gst_npu_whisper_dec, GST_TYPE_ELEMENT)

GstNpuWhisperDec* cast(gpointer object) {
  return static_cast<GstNpuWhisperDec*>(object);
}

DecoderSettings copySettings(GstNpuWhisperDec* self) {
  GST_OBJECT_LOCK(self);
  DecoderSettings settings = self->state->settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

// Properties

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  DecoderSettings& settings = cast(object)->state->settings;
  GST_OBJECT_LOCK(object);
  if (id >= PROP_SETTINGS && id < PROP_STATS)
    setDecoderProperty(settings, id - PROP_SETTINGS, value);
  else if (id >= PROP_ENGINE && id < PROP_SETTINGS)
    setEngineProperty(settings.engine, id - PROP_ENGINE, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  GST_OBJECT_UNLOCK(object);
  if (id - PROP_SETTINGS == kLatency)
    gst_element_post_message(GST_ELEMENT(object), gst_message_new_latency(GST_OBJECT(object)));
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const DecoderSettings settings = copySettings(cast(object));
  if (id >= PROP_SETTINGS && id < PROP_STATS)
    getDecoderProperty(settings, id - PROP_SETTINGS, value);
  else if (id >= PROP_ENGINE && id < PROP_SETTINGS)
    getEngineProperty(settings.engine, id - PROP_ENGINE, value);
  else if (id == PROP_MAX_OBSERVED_DELAY)
    g_value_set_uint(value, static_cast<guint>(cast(object)->state->output.maxObservedDelay() / GST_MSECOND));
  else if (id == PROP_STATS)
    g_value_take_boxed(value, cast(object)->state->stats.structure().release());
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

// The task

GstFlowReturn process(GstNpuWhisperDec* self, Item& item) {
  return guarded(GST_ELEMENT(self), GST_FLOW_ERROR, [&] {
    DecoderOutput& output = self->state->output;
    return item.event ? output.pushEvent(std::move(item.event), copySettings(self))
                      : output.pushWindow(*item.decoded, item.place, copySettings(self));
  });
}

// The sink pad

bool setCaps(GstNpuWhisperDec* self, const GstCaps* caps) {
  State& state = *self->state;
  DecoderSettings settings = copySettings(self);
  // Only now: an encoder with the same model has loaded it, and has reported what was wrong with it.
  state.loader.start(settings.engine);
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = state.loader.wait(&flow);
  // What is wrong is on the bus, and the next buffer's flow ends the stream; refused caps would come again
  // with it.
  if (!engine) return flow == GST_FLOW_ERROR;
  state.input.reset();
  const ModelInfo& info = engine->info();
  const auto format = parseTensorCaps(caps);
  const TensorFormat expected{TensorFormat::Id::EncoderStates, info.audioContext, info.stateWidth};
  if (!format || *format != expected) {
    const Held<char> text(gst_caps_to_string(caps));
    postError(GST_ELEMENT(self),
              {ErrorCode::BadValue, "Model " + info.name + " decodes " + std::to_string(info.audioContext) +
                                        " states of width " + std::to_string(info.stateWidth) +
                                        ", but the stream is " + text.get() + ": use the encoder's model."});
    return true;
  }
  settings.stream.live = state.live = upstreamIsLive(self->sink);
  state.stage.setCapacity(state.live ? kLiveWindowsInFlight : kWindowsInFlight);
  auto stream = engine->openStream(settings.stream);
  if (!stream) {
    postError(GST_ELEMENT(self), stream.error());
    return true;
  }
  state.input = format;
  // What is in flight finishes on the old stream.
  if (state.stream()) state.stage.waitIdle();
  state.setStream(std::move(*stream));
  const Held<GstCaps> text(gst_static_pad_template_get_caps(&srcTemplate));
  return state.stage.pushEvent(Held<GstEvent>(gst_event_new_caps(text.get())));
}

/// At once, on the engine's thread: the task may be waiting for a sink.
void tellLive(GstNpuWhisperDec* self, const DecodedWindow& window, const PlacedWindow& place,
              const GstSegment& segment) {
  if (window.isSuperseded) return;
  const auto until =
      gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, static_cast<GstClockTime>(window.neededFromNs));
  if (GST_CLOCK_TIME_IS_VALID(until)) gst_pad_push_event(self->sink, newCommittedEvent(until));
  self->state->interim.show(window, place.pts, place.duration, place.isFinal);
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = cast(parent);
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    State& state = *self->state;
    GstFlowReturn flow = GST_FLOW_OK;
    const auto engine = state.loader.wait(&flow);
    if (!engine) return flow;
    const auto stream = state.stream();
    if (!stream || !state.input) return GST_FLOW_NOT_NEGOTIATED;
    const auto window = windowOf(raw, state.input->rows);
    if (!window) {
      postError(GST_ELEMENT(self), window.error());
      return GST_FLOW_ERROR;
    }
    // Only who is live has use for text of an utterance that goes on.
    if (!window->isFinal && !state.live) {
      ++state.stats.dropped;
      return GST_FLOW_OK;
    }
    auto encoded = encodedWindow(raw, window->shape, *engine, state.reader);
    state.stats.copies = state.reader.copies();
    if (!encoded) {
      postError(GST_ELEMENT(self), encoded.error());
      return GST_FLOW_ERROR;
    }
    auto item = std::make_shared<Item>();
    PlacedWindow& place = item->place;
    place.pts = GST_BUFFER_PTS_IS_VALID(raw) ? GST_BUFFER_PTS(raw) : 0;
    place.duration = GST_BUFFER_DURATION_IS_VALID(raw)
                         ? GST_BUFFER_DURATION(raw)
                         : static_cast<GstClockTime>(window->shape.frames) * 10 * GST_MSECOND;
    place.discont = GST_BUFFER_IS_DISCONT(raw);
    place.isFinal = window->isFinal;
    place.isLive = state.live;
    encoded->startNs = static_cast<int64_t>(place.pts);
    encoded->utterance = window->utterance;
    encoded->isFinal = window->isFinal;
    flow = state.stage.push(item);
    if (flow != GST_FLOW_OK) return flow;
    const auto stop = state.stage.stopToken();
    stream->submit(std::move(*encoded), [self, item, segment = state.segment](Result<DecodedWindow> decoded) {
      if (decoded && item->place.isLive) tellLive(self, *decoded, item->place, segment);
      const GstClockTime now = gst_element_get_current_running_time(GST_ELEMENT(self));
      self->state->stage.update([&] {
        item->decoded = std::move(decoded);
        item->place.decodedAt = now;
      });
    });
    // A flush that came in between has cancelled before there was anything to cancel.
    if (stop.stop_requested()) stream->cancel();
    return GST_FLOW_OK;
  });
}

gboolean sinkEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  auto* self = cast(parent);
  State& state = *self->state;
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    switch (GST_EVENT_TYPE(raw)) {
      case GST_EVENT_FLUSH_START:
        state.interim.startFlush(raw);
        return state.stage.startFlush(std::move(event));
      case GST_EVENT_FLUSH_STOP:
        state.loader.setInterrupted(false);
        state.interim.stopFlush(raw);
        return state.stage.stopFlush(std::move(event), [&] { state.output.reset(); });
      case GST_EVENT_CAPS:
        return setCaps(self, capsIn(raw));
      case GST_EVENT_SEGMENT:
        gst_event_copy_segment(raw, &state.segment);
        break;
      default:
        break;
    }
    if (isSerialized(raw)) return state.stage.pushEvent(std::move(event));
    return gst_pad_event_default(pad, parent, event.release());
  });
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = cast(parent);
  // States are only read here: any memory will do.
  if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) return FALSE;
  if (GST_QUERY_TYPE(query) == GST_QUERY_DRAIN) self->state->stage.waitIdle();
  return gst_pad_query_default(pad, parent, query);
}

// The source pad

gboolean srcQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = cast(parent);
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  if (!gst_pad_peer_query(self->sink, query)) return FALSE;
  gboolean live = FALSE;
  GstClockTime minimum = 0, maximum = 0;
  gst_query_parse_latency(query, &live, &minimum, &maximum);
  if (live) {
    const GstClockTime budget = copySettings(self).latency;
    minimum += budget;
    if (GST_CLOCK_TIME_IS_VALID(maximum)) maximum += budget;
  }
  gst_query_set_latency(query, live, minimum, maximum);
  return TRUE;
}

// States

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  State& state = *cast(element)->state;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    state.stats.reset();
    state.input.reset();
    state.output.reset();
    state.loader.setInterrupted(false);
  }
  const auto result = GST_ELEMENT_CLASS(gst_npu_whisper_dec_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.setStream(nullptr);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) state.loader.stop();
  return result;
}

// GObject

void finalize(GObject* object) {
  delete cast(object)->state;
  G_OBJECT_CLASS(gst_npu_whisper_dec_parent_class)->finalize(object);
}

void gst_npu_whisper_dec_class_init(GstNpuWhisperDecClass* klass) {
  GST_DEBUG_CATEGORY_INIT(npuwhisperdec_debug, "npuwhisperdec", 0, "Whisper decoder");
  registerWordMeta();
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = setProperty;
  object->get_property = getProperty;
  object->finalize = finalize;
  installEngineProperties(object, PROP_ENGINE);
  installDecoderProperties(object, PROP_SETTINGS);
  installStatsProperty(object, PROP_STATS);
  installMaxObservedDelayProperty(object, PROP_MAX_OBSERVED_DELAY);

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = GST_DEBUG_FUNCPTR(changeState);
  gst_element_class_add_static_pad_template(element, &sinkTemplate);
  gst_element_class_add_static_pad_template(element, &srcTemplate);
  gst_element_class_add_static_pad_template(element, &interimTemplate);
  gst_element_class_set_static_metadata(element, "Whisper decoder", "Converter/Text",
                                        "Decodes Whisper's encoder states into timed text",
                                        "npuspeech authors");
  gst_type_mark_as_plugin_api(gst_npu_task_get_type(), static_cast<GstPluginAPIFlags>(0));
  gst_type_mark_as_plugin_api(gst_npu_granularity_get_type(), static_cast<GstPluginAPIFlags>(0));
}

void gst_npu_whisper_dec_init(GstNpuWhisperDec* self) {
  self->sink = gst_pad_new_from_static_template(&sinkTemplate, "sink");
  gst_pad_set_chain_function(self->sink, GST_DEBUG_FUNCPTR(chain));
  gst_pad_set_event_function(self->sink, GST_DEBUG_FUNCPTR(sinkEvent));
  gst_pad_set_query_function(self->sink, GST_DEBUG_FUNCPTR(sinkQuery));
  gst_element_add_pad(GST_ELEMENT(self), self->sink);
  self->src = gst_pad_new_from_static_template(&srcTemplate, "src");
  gst_pad_set_query_function(self->src, GST_DEBUG_FUNCPTR(srcQuery));
  gst_pad_use_fixed_caps(self->src);
  self->state = new State(self);
  self->state->stage.attach(self->src);
  gst_element_add_pad(GST_ELEMENT(self), self->src);
  self->state->interim.addPad();  // behind src: who links any pad means that one
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npuwhisperdec, "npuwhisperdec", GST_RANK_NONE, gst_npu_whisper_dec_get_type())
