// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec: Whisper's decoder, from encoder states to timed text.
/**
 * SECTION:element-npuwhisperdec
 * @title: npuwhisperdec
 *
 * Decodes the windows that #npuwhisperenc encoded into text: a word, a sentence or a line in each buffer,
 * with PTS and duration, and GAP events where nobody speaks. Buffers carry the custom meta `NpuWordMeta` with
 * `confidence`, `language` and the `words` with their times; a tag `language-code` and the event
 * `rstranscribe/final-transcript` go with them.
 *
 * When upstream is live, `latency` is the time that this element may take; it is answered in the LATENCY
 * query from PAUSED on. `lateness` delays the text instead of the pipeline.
 *
 * |[
 * gst-launch-1.0 filesrc location=talk.flac ! decodebin ! audioconvert ! audioresample ! npumel !
 *     npuwhisperenc model=base ! npuwhisperdec model=base granularity=segment ! srtenc ! filesink
 * location=talk.srt
 * ]|
 *
 * Since: 0.1
 */
#include "gst/boundary.h"
#include "gst/elements.h"
#include "gst/engine_loader.h"
#include "gst/engine_properties.h"
#include "gst/npu_allocator.h"
#include "gst/queries.h"
#include "gst/stage.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/text_pusher.h"
#include "gst/window_meta.h"
#include "gst/word_meta.h"

GST_DEBUG_CATEGORY_STATIC(npuwhisperdec_debug);
#define GST_CAT_DEFAULT npuwhisperdec_debug

GType gst_npu_task_get_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(npuspeech::Task::Transcribe), "Text in the language that is spoken", "transcribe"},
        {static_cast<gint>(npuspeech::Task::Translate), "Text in English", "translate"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNpuTask", values);
  }();
  return type;
}

GType gst_npu_granularity_get_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(npuspeech::Granularity::Word), "A word in each buffer", "word"},
        {static_cast<gint>(npuspeech::Granularity::Segment), "A sentence, or a part of a long one",
         "segment"},
        {static_cast<gint>(npuspeech::Granularity::Line), "A line of at most line-length columns", "line"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNpuGranularity", values);
  }();
  return type;
}

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
  PROP_LANGUAGE = PROP_ENGINE + kEngineProperties,
  PROP_TASK,
  PROP_PROMPT,
  PROP_BEAM_SIZE,
  PROP_GRANULARITY,
  PROP_LINE_LENGTH,
  PROP_LINES,
  PROP_LATENCY,
  PROP_LATENESS,
  PROP_STATS
};

/// Enough for the engine to batch windows, at 3 MB each for the base model.
constexpr size_t kWindowsInFlight = 16;

struct Settings {
  EngineOptions engine;
  StreamOptions stream;
  CaptionOptions captions;
  GstClockTime latency = 2 * GST_SECOND, lateness = 0;
};

/// A window that is being decoded, or an event between two of them.
struct Item {
  Held<GstEvent> event;
  GstClockTime pts = 0, duration = 0;
  bool discont = false;
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
        text(self->src),
        stage(
            GST_ELEMENT(self), kWindowsInFlight, [self](Item& item) { return process(self, item); },
            [this] { cancel(); }) {}

  /// The stream that decodes; any thread.
  std::shared_ptr<DecodeStream> stream() {
    const std::lock_guard lock(streamMutex);
    return decodeStream;
  }
  void setStream(std::shared_ptr<DecodeStream> stream) {
    const std::lock_guard lock(streamMutex);
    decodeStream.swap(stream);
  }
  void cancel() {
    if (const auto current = stream()) current->cancel();
  }

  Settings settings;  // under the object lock
  EngineLoader loader;
  Stats stats;

  // Of the sink pad's thread.
  std::optional<TensorFormat> input;
  TensorReader reader;

  TextPusher text;  // of the task

  Stage<Item> stage;
  std::mutex streamMutex;
  std::shared_ptr<DecodeStream>
      decodeStream;  // under streamMutex; last: its callbacks end before the stage does
};

GType gst_npu_whisper_dec_get_type();
G_DEFINE_TYPE(GstNpuWhisperDec, gst_npu_whisper_dec, GST_TYPE_ELEMENT)

GstNpuWhisperDec* cast(gpointer object) {
  return static_cast<GstNpuWhisperDec*>(object);
}

Settings copySettings(GstNpuWhisperDec* self) {
  GST_OBJECT_LOCK(self);
  Settings settings = self->state->settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

// Properties

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  Settings& settings = cast(object)->state->settings;
  GST_OBJECT_LOCK(object);
  switch (id) {
    case PROP_LANGUAGE:
      settings.stream.language = stringOf(value);
      break;
    case PROP_TASK:
      settings.stream.task = static_cast<Task>(g_value_get_enum(value));
      break;
    case PROP_PROMPT:
      settings.stream.prompt = stringOf(value);
      break;
    case PROP_BEAM_SIZE:
      settings.stream.beamSize = static_cast<int>(g_value_get_uint(value));
      break;
    case PROP_GRANULARITY:
      settings.captions.granularity = static_cast<Granularity>(g_value_get_enum(value));
      break;
    case PROP_LINE_LENGTH:
      settings.captions.lineLength = static_cast<int>(g_value_get_uint(value));
      break;
    case PROP_LINES:
      settings.captions.linesPerCaption = static_cast<int>(g_value_get_uint(value));
      break;
    case PROP_LATENCY:
      settings.latency = g_value_get_uint(value) * GST_MSECOND;
      break;
    case PROP_LATENESS:
      settings.lateness = g_value_get_uint(value) * GST_MSECOND;
      break;
    default:
      if (id >= PROP_ENGINE && id < PROP_ENGINE + kEngineProperties)
        setEngineProperty(settings.engine, id - PROP_ENGINE, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
  if (id == PROP_LATENCY)
    gst_element_post_message(GST_ELEMENT(object), gst_message_new_latency(GST_OBJECT(object)));
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const Settings settings = copySettings(cast(object));
  switch (id) {
    case PROP_LANGUAGE:
      g_value_set_string(value, settings.stream.language.c_str());
      break;
    case PROP_TASK:
      g_value_set_enum(value, static_cast<gint>(settings.stream.task));
      break;
    case PROP_PROMPT:
      g_value_set_string(value, settings.stream.prompt.c_str());
      break;
    case PROP_BEAM_SIZE:
      g_value_set_uint(value, static_cast<guint>(settings.stream.beamSize));
      break;
    case PROP_GRANULARITY:
      g_value_set_enum(value, static_cast<gint>(settings.captions.granularity));
      break;
    case PROP_LINE_LENGTH:
      g_value_set_uint(value, static_cast<guint>(settings.captions.lineLength));
      break;
    case PROP_LINES:
      g_value_set_uint(value, static_cast<guint>(settings.captions.linesPerCaption));
      break;
    case PROP_LATENCY:
      g_value_set_uint(value, static_cast<guint>(settings.latency / GST_MSECOND));
      break;
    case PROP_LATENESS:
      g_value_set_uint(value, static_cast<guint>(settings.lateness / GST_MSECOND));
      break;
    case PROP_STATS:
      g_value_take_boxed(value, cast(object)->state->stats.structure().release());
      break;
    default:
      if (id >= PROP_ENGINE && id < PROP_ENGINE + kEngineProperties)
        getEngineProperty(settings.engine, id - PROP_ENGINE, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

// The task

GstFlowReturn pushText(GstNpuWhisperDec* self, const Item& item) {
  State& state = *self->state;
  if (!*item.decoded) {
    const Error& error = item.decoded->error();
    if (error.code == ErrorCode::Cancelled) return GST_FLOW_FLUSHING;
    postError(GST_ELEMENT(self), error);
    return GST_FLOW_ERROR;
  }
  ++state.stats.windows;
  return state.text.pushWindow(**item.decoded, item.pts, item.duration, item.discont);
}

Held<GstEvent> delayed(GstEvent* segmentEvent, GstClockTime lateness) {
  GstSegment segment;
  gst_event_copy_segment(segmentEvent, &segment);
  segment.base += lateness;
  GstEvent* event = gst_event_new_segment(&segment);
  gst_event_set_seqnum(event, gst_event_get_seqnum(segmentEvent));
  return Held<GstEvent>(event);
}

/// Text comes now and then: whoever waits for streams must not wait for this one.
Held<GstEvent> sparse(GstEvent* streamStart) {
  GstEvent* event = gst_event_copy(streamStart);
  GstStreamFlags flags = GST_STREAM_FLAG_NONE;
  gst_event_parse_stream_flags(event, &flags);
  gst_event_set_stream_flags(event, static_cast<GstStreamFlags>(flags | GST_STREAM_FLAG_SPARSE));
  return Held<GstEvent>(event);
}

GstFlowReturn pushInOrder(GstNpuWhisperDec* self, Held<GstEvent> event) {
  State& state = *self->state;
  GstFlowReturn flow = GST_FLOW_OK;
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_GAP: {
      GstClockTime start = 0, duration = 0;
      gst_event_parse_gap(event.get(), &start, &duration);
      return state.text.pushGap(start, duration);
    }
    case GST_EVENT_CAPS:
      flow = state.text.flush();
      state.text.configure(copySettings(self).captions);
      break;
    case GST_EVENT_SEGMENT:
      flow = state.text.flush();
      state.text.reset();
      if (const auto lateness = copySettings(self).lateness) event = delayed(event.get(), lateness);
      break;
    case GST_EVENT_STREAM_START:
      flow = state.text.flush();
      event = sparse(event.get());
      break;
    case GST_EVENT_EOS:
      flow = state.text.flush();
      break;
    default:
      break;
  }
  return flow == GST_FLOW_OK ? pushEvent(self->src, std::move(event)) : flow;
}

GstFlowReturn process(GstNpuWhisperDec* self, Item& item) {
  return guarded(GST_ELEMENT(self), GST_FLOW_ERROR, [&] {
    return item.event ? pushInOrder(self, std::move(item.event)) : pushText(self, item);
  });
}

// The sink pad

bool enqueue(State& state, Held<GstEvent> event) {
  auto item = std::make_shared<Item>();
  item->event = std::move(event);
  return state.stage.push(std::move(item)) == GST_FLOW_OK;
}

std::shared_ptr<Engine> waitForEngine(State& state, GstFlowReturn* flow) {
  auto engine = state.loader.wait();
  *flow = engine ? GST_FLOW_OK : state.loader.failed() ? GST_FLOW_ERROR : GST_FLOW_FLUSHING;
  return engine;
}

bool setCaps(GstNpuWhisperDec* self, const GstCaps* caps) {
  State& state = *self->state;
  Settings settings = copySettings(self);
  // Only now: an encoder with the same model has loaded it, and has reported what was wrong with it.
  state.loader.start(settings.engine);
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = waitForEngine(state, &flow);
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
  settings.stream.live = upstreamIsLive(self->sink);
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
  return enqueue(state, Held<GstEvent>(gst_event_new_caps(text.get())));
}

/// What a window was encoded from, where it came along in memory that needs no copy: for the rare second try.
std::shared_ptr<npu::BufferObject> logMelBehind(GstBuffer* states, Engine& engine, const WindowShape& shape) {
  GstBuffer* logMel = logMelOf(states);
  if (!logMel || gst_buffer_n_memory(logMel) != 1) return nullptr;
  const auto bytes =
      static_cast<size_t>(shape.frames) * static_cast<size_t>(engine.info().melBins) * sizeof(float);
  return bufferObjectOf(gst_buffer_peek_memory(logMel, 0), engine.device(), bytes);
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = cast(parent);
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    State& state = *self->state;
    GstFlowReturn flow = GST_FLOW_OK;
    const auto engine = waitForEngine(state, &flow);
    if (!engine) return flow;
    const auto stream = state.stream();
    if (!stream || !state.input) return GST_FLOW_NOT_NEGOTIATED;
    Window window;
    if (!readWindowMeta(raw, state.input->rows, &window)) {
      postError(GST_ELEMENT(self),
                {ErrorCode::BadValue, "A buffer's window does not fit the model's context of " +
                                          std::to_string(state.input->rows) + " rows."});
      return GST_FLOW_ERROR;
    }
    // Text of a growing utterance would have to be taken back: only whole ones are decoded.
    if (!window.isFinal) {
      ++state.stats.dropped;
      return GST_FLOW_OK;
    }
    EncodedWindow encoded{nullptr, logMelBehind(raw, *engine, window.shape), nullptr, window.shape};
    const auto rowBytes = static_cast<size_t>(state.input->columns) * sizeof(float);
    auto states =
        state.reader.read(raw, engine->device(), static_cast<size_t>(window.shape.rows()) * rowBytes);
    state.stats.copies = state.reader.copies();
    if (!states) {
      postError(GST_ELEMENT(self), states.error());
      return GST_FLOW_ERROR;
    }
    encoded.states = std::move(*states);
    auto item = std::make_shared<Item>();
    item->pts = GST_BUFFER_PTS_IS_VALID(raw) ? GST_BUFFER_PTS(raw) : 0;
    item->duration = GST_BUFFER_DURATION_IS_VALID(raw)
                         ? GST_BUFFER_DURATION(raw)
                         : static_cast<GstClockTime>(window.shape.frames) * 10 * GST_MSECOND;
    item->discont = GST_BUFFER_IS_DISCONT(raw);
    flow = state.stage.push(item);
    if (flow != GST_FLOW_OK) return flow;
    encoded.keepAlive = std::shared_ptr<const void>(buffer.release(), [](const void* p) {
      gst_buffer_unref(static_cast<GstBuffer*>(const_cast<void*>(p)));
    });
    const auto stop = state.stage.stopToken();
    stream->submit(std::move(encoded), [&stage = state.stage, item](Result<DecodedWindow> decoded) {
      stage.update([&] { item->decoded = std::move(decoded); });
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
      case GST_EVENT_FLUSH_START: {
        const gboolean pushed = gst_pad_push_event(self->src, event.release());
        state.loader.setInterrupted(true);
        state.stage.startFlush();
        return pushed;
      }
      case GST_EVENT_FLUSH_STOP: {
        const gboolean pushed = gst_pad_push_event(self->src, event.release());
        state.loader.setInterrupted(false);
        state.stage.stopFlush([&] { state.text.reset(); });
        return pushed;
      }
      case GST_EVENT_CAPS: {
        GstCaps* caps = nullptr;
        gst_event_parse_caps(raw, &caps);
        return setCaps(self, caps);
      }
      default:
        break;
    }
    if (isSerialized(raw)) return enqueue(state, std::move(event));
    return gst_pad_event_default(pad, parent, event.release());
  });
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = cast(parent);
  switch (GST_QUERY_TYPE(query)) {
    // States are only read here: any memory will do.
    case GST_QUERY_ALLOCATION:
      return FALSE;
    case GST_QUERY_DRAIN:
      self->state->stage.waitIdle();
      break;
    default:
      break;
  }
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
    state.text.reset();
    state.loader.setInterrupted(false);
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.loader.setInterrupted(true);
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
  installDecoderProperties(object, PROP_LANGUAGE);
  installStatsProperty(object, PROP_STATS);

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = GST_DEBUG_FUNCPTR(changeState);
  gst_element_class_add_static_pad_template(element, &sinkTemplate);
  gst_element_class_add_static_pad_template(element, &srcTemplate);
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
}

}  // namespace

namespace npuspeech::gst {

guint installDecoderProperties(GObjectClass* klass, guint id) {
  const Settings defaults;
  const auto install = [&](GParamSpec* spec) { g_object_class_install_property(klass, id++, spec); };
  install(g_param_spec_string("language", "Language", "Code of the language that is spoken, or auto",
                              defaults.stream.language.c_str(), kSetInReady));
  install(g_param_spec_enum("task", "Task", "Transcribe, or translate to English", gst_npu_task_get_type(),
                            static_cast<gint>(defaults.stream.task), kSetInReady));
  install(g_param_spec_string("prompt", "Prompt", "Names and terms to expect", "", kSetInReady));
  install(g_param_spec_uint("beam-size", "Beam size", "Hypotheses that are followed; 1 is greedy", 1, 16,
                            static_cast<guint>(defaults.stream.beamSize), kSetInReady));
  install(g_param_spec_enum("granularity", "Granularity", "What one buffer of text holds",
                            gst_npu_granularity_get_type(), static_cast<gint>(defaults.captions.granularity),
                            kSetInReady));
  install(g_param_spec_uint("line-length", "Line length",
                            "Columns of a line; a segment has at most two lines'", 8, 1000,
                            static_cast<guint>(defaults.captions.lineLength), kSetInReady));
  install(g_param_spec_uint("lines", "Lines", "Lines in each buffer where granularity is line", 1, 8,
                            static_cast<guint>(defaults.captions.linesPerCaption), kSetInReady));
  install(g_param_spec_uint("latency", "Latency", "Time to add to a live pipeline's latency, ms", 0, 60000,
                            static_cast<guint>(defaults.latency / GST_MSECOND), kSetAlways));
  install(g_param_spec_uint("lateness", "Lateness", "Time that text comes after its audio, ms", 0, 60000,
                            static_cast<guint>(defaults.lateness / GST_MSECOND), kSetInReady));
  return id;
}

}  // namespace npuspeech::gst

GST_ELEMENT_REGISTER_DEFINE(npuwhisperdec, "npuwhisperdec", GST_RANK_NONE, gst_npu_whisper_dec_get_type())
