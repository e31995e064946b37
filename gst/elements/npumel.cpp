// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel: speech out of audio, as windows of log-mel.
/**
 * SECTION:element-npumel
 * @title: npumel
 *
 * Cuts speech out of a stream of audio and computes its log-mel. Each buffer is a window of at most 30 s;
 * silence becomes GAP events. When upstream is live, a window of the growing utterance comes every `step`;
 * else only whole ones come, cut at pauses.
 *
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! audio/x-raw,rate=16000 ! npumel ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include <gst/audio/audio.h>

#include <utility>

#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/core/queries.h"
#include "gst/core/stats.h"
#include "gst/elements/elements.h"
#include "gst/elements/mel_input.h"
#include "gst/elements/mel_settings.h"
#include "gst/memory/tensor_caps.h"

GST_DEBUG_CATEGORY(npumel_debug);
#define GST_CAT_DEFAULT npumel_debug

namespace {

using namespace npuspeech;
using namespace npuspeech::gst;

GstStaticPadTemplate sinkTemplate = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("audio/x-raw, format=(string)" GST_AUDIO_NE(F32) ", rate=(int)16000, channels=(int)1, "
                                                                     "layout=(string)interleaved"));
GstStaticPadTemplate srcTemplate = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    // A list inside the array would be no superset of what becomes of it.
    GST_STATIC_CAPS(NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000, 80>; " NPUSPEECH_TENSOR_CAPS(
        NPUSPEECH_LOG_MEL) ", dims=(int)<3000, 128>"));

enum { PROP_0, PROP_SETTINGS, PROP_STATS = PROP_SETTINGS + kMelProperties };

struct GstNpuMel {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuMelClass {
  GstElementClass parent_class;
};

MelSettings copySettings(GstNpuMel* self);

struct State {
  explicit State(GstNpuMel* self)
      : input(GST_ELEMENT(self), self->sink, self->src, stats, [self] { return copySettings(self); }) {}

  MelSettings settings;  // under the object lock
  Stats stats;
  MelInput input;
};

GType gst_npu_mel_get_type();
G_DEFINE_TYPE(GstNpuMel, gst_npu_mel, GST_TYPE_ELEMENT)

GstNpuMel* cast(gpointer object) {
  return static_cast<GstNpuMel*>(object);
}

// Properties

void setProperty(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    State& state = existing(cast(object)->state);
    if (id < PROP_SETTINGS || id >= PROP_STATS) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
      return;
    }
    const ObjectLock lock(object);
    setMelProperty(state.settings, id - PROP_SETTINGS, value);
  });
}

MelSettings copySettings(GstNpuMel* self) {
  const ObjectLock lock(self);
  return existing(self->state).settings;
}

void getProperty(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guardedVoid(GST_ELEMENT(object), [&] {
    if (id >= PROP_SETTINGS && id < PROP_STATS)
      getMelProperty(copySettings(cast(object)), id - PROP_SETTINGS, value);
    else if (id == PROP_STATS)
      g_value_take_boxed(value, existing(cast(object)->state).stats.structure().release());
    else
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  });
}

// The sink pad

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR,
                 [&] { return existing(cast(parent)->state).input.take(std::move(buffer)); });
}

gboolean sinkEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    MelInput& input = existing(cast(parent)->state).input;
    switch (GST_EVENT_TYPE(raw)) {
      case GST_EVENT_FLUSH_START:
        input.setFlushing(true);
        break;
      case GST_EVENT_FLUSH_STOP:
        input.setFlushing(false);
        input.flush();
        break;
      case GST_EVENT_CAPS:  // audio always comes in the same shape: what is being said goes on
        return input.negotiate();
      case GST_EVENT_SEGMENT:
        if (!input.setSegment(raw)) return TRUE;
        break;
      case GST_EVENT_GAP:
        return input.takeGap(raw);
      case GST_EVENT_TAG:
        if (isStreamTag(raw)) return TRUE;  // the audio's, not the tensors'
        break;
      case GST_EVENT_STREAM_START:
        input.startStream();
        break;
      case GST_EVENT_SEGMENT_DONE:
        input.drain();
        break;
      case GST_EVENT_EOS:
        input.end();
        break;
      default:
        break;
    }
    return gst_pad_event_default(pad, parent, event.release());
  });
}

gboolean srcEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    if (const auto settled = parseCommittedEvent(raw)) {
      cast(parent)->state->input.receive(*settled);
      return TRUE;
    }
    gdouble rate = 1;
    if (GST_EVENT_TYPE(raw) == GST_EVENT_SEEK)
      gst_event_parse_seek(raw, &rate, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (rate < 0) return FALSE;
    return gst_pad_event_default(pad, parent, event.release());
  });
}

gboolean srcQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  return guarded(GST_ELEMENT(parent), FALSE, [&] {
    const GstClockTime latency = latencyOf(copySettings(cast(parent)));
    return answerLatency(cast(parent)->sink, query, latency) || gst_pad_query_default(pad, parent, query);
  });
}

// States

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  return guarded(element, GST_STATE_CHANGE_FAILURE, [&] {
    State& state = existing(cast(element)->state);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY)
      if (const auto checked = checkVad(copySettings(cast(element))); !checked) {
        postError(element, checked.error());
        return GST_STATE_CHANGE_FAILURE;
      }
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      auto vad = loadVad(element, copySettings(cast(element)));
      if (!vad) {
        postError(element, vad.error());
        return GST_STATE_CHANGE_FAILURE;
      }
      state.stats.reset();
      state.input.start(std::move(*vad));
    }
    if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) state.input.setPlaying(true);
    if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) state.input.setPlaying(false);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.input.setFlushing(true);
    const auto result = GST_ELEMENT_CLASS(gst_npu_mel_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.input.stop();
    return result;
  });
}

// GObject

void finalize(GObject* object) {
  delete cast(object)->state;
  G_OBJECT_CLASS(gst_npu_mel_parent_class)->finalize(object);
}

void gst_npu_mel_class_init(GstNpuMelClass* klass) {
  GST_DEBUG_CATEGORY_INIT(npumel_debug, "npumel", 0, "Windows of log-mel");
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = setProperty;
  object->get_property = getProperty;
  object->finalize = finalize;
  installMelProperties(object, PROP_SETTINGS);
  installStatsProperty(object, PROP_STATS);

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = GST_DEBUG_FUNCPTR(changeState);
  gst_element_class_add_static_pad_template(element, &sinkTemplate);
  gst_element_class_add_static_pad_template(element, &srcTemplate);
  gst_element_class_set_static_metadata(element, "Log-mel of speech", "Filter/Analyzer/Audio",
                                        "Cuts speech out of audio and computes its log-mel",
                                        "npuspeech authors");
}

void gst_npu_mel_init(GstNpuMel* self) {
  self->sink = gst_pad_new_from_static_template(&sinkTemplate, "sink");
  gst_pad_set_chain_function(self->sink, GST_DEBUG_FUNCPTR(chain));
  gst_pad_set_event_function(self->sink, GST_DEBUG_FUNCPTR(sinkEvent));
  self->src = gst_pad_new_from_static_template(&srcTemplate, "src");
  gst_pad_set_event_function(self->src, GST_DEBUG_FUNCPTR(srcEvent));
  gst_pad_set_query_function(self->src, GST_DEBUG_FUNCPTR(srcQuery));
  guardedVoid(GST_ELEMENT(self), [&] {
    self->state = new State(self);
    // Without state there are no pads: nothing comes in.
    gst_element_add_pad(GST_ELEMENT(self), self->sink);
    gst_element_add_pad(GST_ELEMENT(self), self->src);
  });
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npumel, "npumel", GST_RANK_NONE, gst_npu_mel_get_type())
