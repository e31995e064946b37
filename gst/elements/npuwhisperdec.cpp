// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperdec: Whisper's decoder, from encoder states to timed text.
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
 * Where #npumel had sound and no word came of it, element message `npuspeech/no-words` says why.
 *
 * |[
 * gst-launch-1.0 filesrc location=talk.flac ! decodebin ! audioconvert ! audioresample ! npumel !
 *   npuwhisperenc model=whisper-base ! npuwhisperdec model=whisper-base granularity=segment !
 *   srtenc ! filesink location=talk.srt
 * ]|
 *
 * Since: 0.1
 */
#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/queries.h"
#include "gst/core/stats.h"
#include "gst/elements/elements.h"
#include "gst/elements/engine_properties.h"
#include "gst/elements/window_decoder.h"
#include "gst/memory/tensor_caps.h"
#include "gst/text/decoder_settings.h"
#include "gst/text/translation_pad.h"
#include "gst/text/word_meta.h"

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
      : input(GST_ELEMENT(self), self->sink, self->src, [self] { return copySettings(self); }) {}

  DecoderSettings settings;  // under the object lock
  WindowDecoder input;
};

GType gst_npu_whisper_dec_get_type();
G_DEFINE_TYPE(GstNpuWhisperDec, gst_npu_whisper_dec, GST_TYPE_ELEMENT)

GstNpuWhisperDec* cast(gpointer object) {
  return static_cast<GstNpuWhisperDec*>(object);
}

DecoderSettings copySettings(GstNpuWhisperDec* self) {
  const ObjectLock lock(self);
  return existing(self->state).settings;
}

// Properties

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    DecoderSettings& settings = existing(cast(object)->state).settings;
    if (id < PROP_ENGINE || id >= PROP_STATS) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
      return;
    }
    const ObjectLock lock(object);
    if (id >= PROP_SETTINGS)
      setDecoderProperty(settings, id - PROP_SETTINGS, value);
    else
      setEngineProperty(settings.engine, id - PROP_ENGINE, value);
  });
  if (id - PROP_SETTINGS == kLatency || id - PROP_SETTINGS == kTranslateLatency)
    gst_element_post_message(GST_ELEMENT(object), gst_message_new_latency(GST_OBJECT(object)));
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    const DecoderSettings settings = copySettings(cast(object));
    const WindowDecoder& input = existing(cast(object)->state).input;
    if (id >= PROP_SETTINGS && id < PROP_STATS)
      getDecoderProperty(settings, id - PROP_SETTINGS, value);
    else if (id >= PROP_ENGINE && id < PROP_SETTINGS)
      getEngineProperty(settings.engine, id - PROP_ENGINE, value);
    else if (id == PROP_MAX_OBSERVED_DELAY)
      g_value_set_uint(value, static_cast<guint>(input.maxObservedDelay() / GST_MSECOND));
    else if (id == PROP_STATS)
      g_value_take_boxed(value, input.stats().structure().release());
    else
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  });
}

// The sink pad

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  const Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] { return cast(parent)->state->input.decode(raw); });
}

gboolean sinkEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  WindowDecoder& input = cast(parent)->state->input;
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    switch (GST_EVENT_TYPE(raw)) {
      case GST_EVENT_FLUSH_START:
        input.startFlush(raw);
        return TRUE;
      case GST_EVENT_FLUSH_STOP:
        input.stopFlush(raw);
        return TRUE;
      case GST_EVENT_CAPS:
        return input.begin(capsIn(raw));
      default:
        return isSerialized(raw) ? input.pushEvent(raw) : gst_pad_event_default(pad, parent, event.release());
    }
  });
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    // States are only read here: any memory will do.
    if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) return FALSE;
    if (GST_QUERY_TYPE(query) == GST_QUERY_DRAIN) cast(parent)->state->input.waitIdle();
    return gst_pad_query_default(pad, parent, query);
  });
}

// The source pad

gboolean srcQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = cast(parent);
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  if (!gst_pad_peer_query(self->sink, query)) return FALSE;
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    const DecoderSettings settings = copySettings(self);
    const GstClockTime whole = settings.latency + (pad == self->src ? 0 : settings.translateLatency);
    addLatency(query, GST_CLOCK_DIFF(melLatency(self->sink), whole));
    return TRUE;
  });
}

// Translations

GstPad* requestNewPad(GstElement* element, GstPadTemplate* pattern, const gchar* name, const GstCaps*) {
  return guarded(element, static_cast<GstPad*>(nullptr), [&] {
    GstPad* pad = existing(cast(element)->state).input.addTranslation(pattern, name);
    if (!pad) return pad;
    gst_pad_set_query_function(pad, GST_DEBUG_FUNCPTR(srcQuery));
    gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
    return pad;
  });
}

void releasePad(GstElement* element, GstPad* pad) {
  guardedVoid(element, [&] { existing(cast(element)->state).input.removeTranslation(pad); });
  gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
}

// States

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  return guarded(element, GST_STATE_CHANGE_FAILURE, [&] {
    WindowDecoder& input = existing(cast(element)->state).input;
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !input.check()) return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) input.start();
    const auto result =
        GST_ELEMENT_CLASS(gst_npu_whisper_dec_parent_class)->change_state(element, transition);
    const bool isFailed =
        transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
    // Where the pipeline was on its way to PLAYING, sinks may have played before this element did.
    if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED || transition == GST_STATE_CHANGE_PAUSED_TO_PAUSED)
      input.pause();
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || isFailed) input.stop();
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) input.unload();
    return result;
  });
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
  gst_element_class_set_static_metadata(element, "Whisper decoder", "Tensordecoder/Text",
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
  self->src = gst_pad_new_from_static_template(&srcTemplate, "src");
  gst_pad_set_query_function(self->src, GST_DEBUG_FUNCPTR(srcQuery));
  gst_pad_use_fixed_caps(self->src);
  guardedVoid(GST_ELEMENT(self), [&] {
    self->state = new State(self);
    // Without state there are no pads: nothing comes in.
    gst_element_add_pad(GST_ELEMENT(self), self->sink);
    gst_element_add_pad(GST_ELEMENT(self), self->src);
    self->state->input.interim().addPad();  // behind src: who links any pad means that one
  });
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npuwhisperdec, "npuwhisperdec", GST_RANK_NONE, gst_npu_whisper_dec_get_type())
