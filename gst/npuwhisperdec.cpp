// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec: Whisper's decoder, from encoder states to timed text. Longer than most because the contract
// with what is around it, pads, events and queries, is here in one place.
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
 * Request pads `translate_src_%u` carry English, or what is spoken, as their property `language-code` says,
 * read from the same encoder states.
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
#include "gst/decoder_settings.h"
#include "gst/elements.h"
#include "gst/encoded_window.h"
#include "gst/engine_loader.h"
#include "gst/engine_properties.h"
#include "gst/events.h"
#include "gst/queries.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/text_branch.h"
#include "gst/translation_pad.h"
#include "gst/translations.h"
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

struct GstNpuWhisperDec {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuWhisperDecClass {
  GstElementClass parent_class;
};

DecoderSettings copySettings(GstNpuWhisperDec* self);

struct State {
  explicit State(GstNpuWhisperDec* self)
      : loader(GST_ELEMENT(self)),
        reader(GST_ELEMENT(self)),
        interim(GST_ELEMENT(self)),
        translations(GST_ELEMENT(self)),
        text(std::make_shared<TextBranch>(
            GST_ELEMENT(self), self->sink, self->src, kWindowsInFlight, stats, &interim,
            TextBranch::Hooks{[self] { return copySettings(self); },
                              [this] { return translations.anyLinked(); }, [this] { interrupt(); }})) {}

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
    translations.cancel();
  }
  void interrupt() {
    loader.setInterrupted(true);
    cancel();
  }
  /// src and the translations.
  TextBranches branches() {
    TextBranches all = translations.branches();
    all.insert(all.begin(), text);
    return all;
  }
  void waitIdle() {
    for (const auto& branch : branches()) branch->stage().waitIdle();
  }

  DecoderSettings settings;  // under the object lock
  EngineLoader loader;
  Stats stats;

  // Of the sink pad's thread.
  std::optional<TensorFormat> input;
  TensorReader reader;
  GstSegment segment{};
  StreamOptions options;

  InterimOutput interim;
  Translations translations;
  const std::shared_ptr<TextBranch> text;  // src's
  std::mutex streamMutex;
  std::shared_ptr<DecodeStream> decodeStream;  // under it; last: its callbacks end before the stages
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
  if (id - PROP_SETTINGS == kLatency || id - PROP_SETTINGS == kTranslateLatency)
    gst_element_post_message(GST_ELEMENT(object), gst_message_new_latency(GST_OBJECT(object)));
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const DecoderSettings settings = copySettings(cast(object));
  if (id >= PROP_SETTINGS && id < PROP_STATS)
    getDecoderProperty(settings, id - PROP_SETTINGS, value);
  else if (id >= PROP_ENGINE && id < PROP_SETTINGS)
    getEngineProperty(settings.engine, id - PROP_ENGINE, value);
  else if (id == PROP_MAX_OBSERVED_DELAY)
    g_value_set_uint(
        value, static_cast<guint>(cast(object)->state->text->output().maxObservedDelay() / GST_MSECOND));
  else if (id == PROP_STATS)
    g_value_take_boxed(value, cast(object)->state->stats.structure().release());
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

// The sink pad

bool setCaps(GstNpuWhisperDec* self, const GstCaps* states) {
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
  const auto format = parseTensorCaps(states);
  const TensorFormat expected{TensorFormat::Id::EncoderStates, info.audioContext, info.stateWidth};
  if (!format || *format != expected) {
    const Held<char> text(gst_caps_to_string(states));
    postError(GST_ELEMENT(self),
              {ErrorCode::BadValue, "Model " + info.name + " decodes " + std::to_string(info.audioContext) +
                                        " states of width " + std::to_string(info.stateWidth) +
                                        ", but the stream is " + text.get() + ": use the encoder's model."});
    return true;
  }
  state.options = settings.stream;
  state.options.language = primaryLanguage(state.options.language);
  state.options.live = upstreamIsLive(self->sink);
  state.text->stage().setCapacity(state.options.live ? kLiveWindowsInFlight : kWindowsInFlight);
  // What is in flight finishes on the old streams.
  if (state.stream()) state.waitIdle();
  auto stream = engine->openStream(state.options);
  const auto begun = state.translations.begin(engine, state.options);
  if (!stream || !begun) {
    postError(GST_ELEMENT(self), stream ? begun.error() : stream.error());
    return true;
  }
  state.input = format;
  state.setStream(std::move(*stream));
  const Held<GstCaps> caps(gst_static_pad_template_get_caps(&srcTemplate));
  const Held<GstEvent> event(gst_event_new_caps(caps.get()));
  for (const auto& branch : state.translations.branches()) branch->pushEvent(self->sink, event.get());
  return state.text->pushEvent(self->sink, event.get());
}

/// At once, on the engine's thread: the task may be waiting for a sink.
void tellLive(GstNpuWhisperDec* self, const DecodedWindow& window, const PlacedWindow& place,
              const GstSegment& segment, bool isTranslated) {
  if (window.isSuperseded) return;
  int64_t needed = window.neededFromNs;
  if (isTranslated)
    needed =
        std::max(std::min(needed, self->state->translations.neededFromNs()), static_cast<int64_t>(place.pts));
  const auto until = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, static_cast<GstClockTime>(needed));
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
    if (!window->isFinal && !state.options.live) {
      ++state.stats.dropped;
      return GST_FLOW_OK;
    }
    auto encoded = encodedWindow(raw, window->shape, *engine, state.reader);
    state.stats.copies = state.reader.copies();
    if (!encoded) {
      postError(GST_ELEMENT(self), encoded.error());
      return GST_FLOW_ERROR;
    }
    PlacedWindow place;
    place.pts = GST_BUFFER_PTS_IS_VALID(raw) ? GST_BUFFER_PTS(raw) : 0;
    place.duration = GST_BUFFER_DURATION_IS_VALID(raw)
                         ? GST_BUFFER_DURATION(raw)
                         : static_cast<GstClockTime>(window->shape.frames) * 10 * GST_MSECOND;
    place.discont = GST_BUFFER_IS_DISCONT(raw);
    place.isFinal = window->isFinal;
    place.isLive = state.options.live;
    place.task = state.options.task;
    encoded->startNs = static_cast<int64_t>(place.pts);
    encoded->utterance = window->utterance;
    encoded->isFinal = window->isFinal;
    auto plan = state.translations.plan(*encoded);
    if (!plan) {
      postError(GST_ELEMENT(self), plan.error());
      return GST_FLOW_ERROR;
    }
    std::vector<GstFlowReturn> flows;
    plan->same.insert(plan->same.begin(), state.text);
    Readers same = queueFor(self->sink, plan->same, place, flows);
    place.task = state.translations.otherTask();
    Readers other = queueFor(self->sink, plan->other, place, flows);
    flow = combinedFlow(flows);
    if (flow != GST_FLOW_OK) return flow;
    const auto stop = state.text->stage().stopToken();
    const bool isTranslated = plan->isNeeded;
    const EncodedWindow again = *encoded;
    stream->submit(std::move(*encoded), [self, place, segment = state.segment, isTranslated,
                                         readers = std::move(same)](const Result<DecodedWindow>& decoded) {
      if (decoded && place.isLive) tellLive(self, *decoded, place, segment, isTranslated);
      deliver(GST_ELEMENT(self), readers, decoded);
    });
    if (!plan->other.empty())
      plan->stream->submit(again, [self, readers = std::move(other)](const Result<DecodedWindow>& decoded) {
        self->state->translations.answered(decoded ? decoded->neededFromNs : INT64_MIN);
        deliver(GST_ELEMENT(self), readers, decoded);
      });
    // A flush that came in between has cancelled before there was anything to cancel.
    if (stop.stop_requested()) state.cancel();
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
        for (const auto& branch : state.branches())
          branch->stage().startFlush(Held<GstEvent>(gst_event_ref(raw)));
        return TRUE;
      case GST_EVENT_FLUSH_STOP:
        state.loader.setInterrupted(false);
        state.interim.stopFlush(raw);
        state.translations.reset();
        for (const auto& branch : state.branches())
          branch->stage().stopFlush(Held<GstEvent>(gst_event_ref(raw)), [&] { branch->output().reset(); });
        return TRUE;
      case GST_EVENT_CAPS:
        return setCaps(self, capsIn(raw));
      case GST_EVENT_SEGMENT:
        gst_event_copy_segment(raw, &state.segment);
        state.translations.reset();
        break;
      default:
        break;
    }
    if (isSerialized(raw)) {
      for (const auto& branch : state.translations.branches()) branch->pushEvent(self->sink, raw);
      return state.text->pushEvent(self->sink, raw);
    }
    return gst_pad_event_default(pad, parent, event.release());
  });
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = cast(parent);
  // States are only read here: any memory will do.
  if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) return FALSE;
  if (GST_QUERY_TYPE(query) == GST_QUERY_DRAIN) self->state->waitIdle();
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
    const DecoderSettings settings = copySettings(self);
    const GstClockTime budget = settings.latency + (pad == self->src ? 0 : settings.translateLatency);
    minimum += budget;
    if (GST_CLOCK_TIME_IS_VALID(maximum)) maximum += budget;
  }
  gst_query_set_latency(query, live, minimum, maximum);
  return TRUE;
}

// Translations

GstPad* requestNewPad(GstElement* element, GstPadTemplate* pattern, const gchar* name, const GstCaps*) {
  auto* self = cast(element);
  return guarded(element, static_cast<GstPad*>(nullptr), [&] {
    GstPad* pad =
        self->state->translations.add(pattern, name, GST_PAD_IS_ACTIVE(self->src),
                                      {[self] { return copySettings(self); }, [] { return true; }, [] {}});
    if (!pad) return pad;
    gst_pad_set_query_function(pad, GST_DEBUG_FUNCPTR(srcQuery));
    gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
    return pad;
  });
}

void releasePad(GstElement* element, GstPad* pad) {
  guardedVoid(element, [&] { cast(element)->state->translations.remove(pad); });
  gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
}

// States

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  State& state = *cast(element)->state;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    state.stats.reset();
    state.input.reset();
    for (const auto& branch : state.branches()) branch->output().reset();
    state.loader.setInterrupted(false);
  }
  const auto result = GST_ELEMENT_CLASS(gst_npu_whisper_dec_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    state.setStream(nullptr);
    state.translations.close();
  }
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
  element->request_new_pad = GST_DEBUG_FUNCPTR(requestNewPad);
  element->release_pad = GST_DEBUG_FUNCPTR(releasePad);
  addTranslationTemplate(element, GST_TYPE_NPU_TRANSLATION_PAD);
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
  gst_element_add_pad(GST_ELEMENT(self), self->src);
  self->state->interim.addPad();  // behind src: who links any pad means that one
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npuwhisperdec, "npuwhisperdec", GST_RANK_NONE, gst_npu_whisper_dec_get_type())
