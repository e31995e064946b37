// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperenc: Whisper's encoder over windows of log-mel.
/**
 * SECTION:element-npuwhisperenc
 * @title: npuwhisperenc
 *
 * Encodes windows of log-mel, as #npumel makes them, into the states that #npuwhisperdec reads. The model is
 * loaded in the background from READY on; PROGRESS messages with code `loading` tell how far it is, and an
 * element message `npuspeech/device` says which `device` computes, and for what `reason`. Elements that ask
 * for the same model share it.
 *
 * A partial window that waits is dropped, with a QOS message, when a newer one of its utterance arrives.
 *
 * |[
 * gst-launch-1.0 filesrc location=talk.flac ! decodebin ! audioconvert ! audioresample ! npumel !
 *   npuwhisperenc model=whisper-base ! npuwhisperdec model=whisper-base ! webvttenc !
 *   filesink location=talk.vtt
 * ]|
 *
 * Since: 0.1
 */
#include <utility>

#include "gst/core/boundary.h"
#include "gst/elements/elements.h"
#include "gst/elements/engine_properties.h"
#include "gst/elements/window_encoder.h"

GST_DEBUG_CATEGORY_STATIC(npuwhisperenc_debug);
#define GST_CAT_DEFAULT npuwhisperenc_debug

namespace {

using namespace npuspeech;
using namespace npuspeech::gst;

GstStaticPadTemplate sinkTemplate = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL)));
GstStaticPadTemplate srcTemplate = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(NPUSPEECH_TENSOR_CAPS(NPUSPEECH_ENCODER_STATES)));

enum { PROP_0, PROP_ENGINE, PROP_ACTIVE_DEVICE = PROP_ENGINE + kEngineProperties, PROP_STATS };

struct GstNpuWhisperEnc {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuWhisperEncClass {
  GstElementClass parent_class;
};

struct State {
  explicit State(GstNpuWhisperEnc* self);

  EngineOptions options;      // under the object lock
  bool triedInReady = false;  // of the state changes: this READY has loaded, or failed, once
  WindowEncoder input;
};

GType gst_npu_whisper_enc_get_type();
G_DEFINE_TYPE(GstNpuWhisperEnc, gst_npu_whisper_enc, GST_TYPE_ELEMENT)

GstNpuWhisperEnc* cast(gpointer object) {
  return static_cast<GstNpuWhisperEnc*>(object);
}

EngineOptions copyOptions(GstNpuWhisperEnc* self) {
  const ObjectLock lock(self);
  return existing(self->state).options;
}

State::State(GstNpuWhisperEnc* self)
    : input(GST_ELEMENT(self), self->sink, self->src, [self] { return copyOptions(self); }) {}

// Properties

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    State& state = existing(cast(object)->state);
    if (id < PROP_ENGINE || id >= PROP_ENGINE + kEngineProperties) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
      return;
    }
    const ObjectLock lock(object);
    setEngineProperty(state.options, id - PROP_ENGINE, value);
  });
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    State& state = existing(cast(object)->state);
    if (id == PROP_ACTIVE_DEVICE) {
      if (const auto engine = state.input.engine())
        g_value_set_string(value, std::string(engine->device()->name()).c_str());
    } else if (id == PROP_STATS) {
      g_value_take_boxed(value, state.input.stats().structure().release());
    } else if (id >= PROP_ENGINE && id < PROP_ENGINE + kEngineProperties) {
      const ObjectLock lock(object);
      getEngineProperty(state.options, id - PROP_ENGINE, value);
    } else {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

// The sink pad

gboolean sinkEvent(GstPad*, GstObject* parent, GstEvent* raw) {
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE,
                 [&]() -> gboolean { return cast(parent)->state->input.takeEvent(std::move(event)); });
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR,
                 [&] { return cast(parent)->state->input.encode(std::move(buffer)); });
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    WindowEncoder& input = cast(parent)->state->input;
    switch (GST_QUERY_TYPE(query)) {
      case GST_QUERY_CAPS: {
        GstCaps* filter = nullptr;
        gst_query_parse_caps(query, &filter);
        gst_query_set_caps_result(query, input.caps(filter).get());
        return TRUE;
      }
      case GST_QUERY_ALLOCATION:
        return input.proposePool(query);
      case GST_QUERY_DRAIN:
        input.waitIdle();
        return gst_pad_query_default(pad, parent, query);
      default:
        return gst_pad_query_default(pad, parent, query);
    }
  });
}

// States

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  return guarded(element, GST_STATE_CHANGE_FAILURE, [&] {
    State& state = existing(cast(element)->state);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !state.input.check()) return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      const bool retry = transition == GST_STATE_CHANGE_NULL_TO_READY || state.triedInReady;
      if (!state.input.load(retry)) return GST_STATE_CHANGE_FAILURE;
      state.triedInReady = transition == GST_STATE_CHANGE_READY_TO_PAUSED;
    }
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) state.input.start();
    const auto result =
        GST_ELEMENT_CLASS(gst_npu_whisper_enc_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.input.stop();
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) state.input.unload();
    return result;
  });
}

// GObject

void finalize(GObject* object) {
  delete cast(object)->state;
  G_OBJECT_CLASS(gst_npu_whisper_enc_parent_class)->finalize(object);
}

void gst_npu_whisper_enc_class_init(GstNpuWhisperEncClass* klass) {
  GST_DEBUG_CATEGORY_INIT(npuwhisperenc_debug, "npuwhisperenc", 0, "Whisper encoder");
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = setProperty;
  object->get_property = getProperty;
  object->finalize = finalize;
  installEngineProperties(object, PROP_ENGINE);
  installActiveDeviceProperty(object, PROP_ACTIVE_DEVICE);
  installStatsProperty(object, PROP_STATS);

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = GST_DEBUG_FUNCPTR(changeState);
  gst_element_class_add_static_pad_template(element, &sinkTemplate);
  gst_element_class_add_static_pad_template(element, &srcTemplate);
  gst_element_class_set_static_metadata(element, "Whisper encoder", "Filter/Tensor",
                                        "Encodes windows of log-mel into Whisper's encoder states",
                                        "npuspeech authors");
  gst_type_mark_as_plugin_api(GST_TYPE_NPU_PRECISION, static_cast<GstPluginAPIFlags>(0));
}

void gst_npu_whisper_enc_init(GstNpuWhisperEnc* self) {
  self->sink = gst_pad_new_from_static_template(&sinkTemplate, "sink");
  gst_pad_set_chain_function(self->sink, GST_DEBUG_FUNCPTR(chain));
  gst_pad_set_event_function(self->sink, GST_DEBUG_FUNCPTR(sinkEvent));
  gst_pad_set_query_function(self->sink, GST_DEBUG_FUNCPTR(sinkQuery));
  GST_PAD_SET_ACCEPT_TEMPLATE(self->sink);  // what else is wrong with caps, the CAPS event says in words
  self->src = gst_pad_new_from_static_template(&srcTemplate, "src");
  gst_pad_use_fixed_caps(self->src);
  guardedVoid(GST_ELEMENT(self), [&] {
    self->state = new State(self);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);  // without state there are no pads: nothing comes in
    gst_element_add_pad(GST_ELEMENT(self), self->src);
  });
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npuwhisperenc, "npuwhisperenc", GST_RANK_NONE, gst_npu_whisper_enc_get_type())
