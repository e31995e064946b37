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

#include "gst/boundary.h"
#include "gst/elements.h"
#include "gst/engine_loader.h"
#include "gst/engine_properties.h"
#include "gst/events.h"
#include "gst/npu_allocator.h"
#include "gst/npu_buffer_pool.h"
#include "gst/stage.h"
#include "gst/states_pool.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"
#include "gst/window_meta.h"

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

/// A final window waits while another is encoded; more would only hide that the machine is too slow.
constexpr size_t kWaitingWindows = 2;

/// What the task encodes or passes on.
struct Item {
  Held<GstEvent> event;
  Held<GstBuffer> buffer;
  Window window;
  bool discont = false;
  bool ready() const { return true; }
};

struct GstNpuWhisperEnc {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuWhisperEncClass {
  GstElementClass parent_class;
};

GstFlowReturn process(GstNpuWhisperEnc* self, Item& item);

struct State {
  explicit State(GstNpuWhisperEnc* self)
      : loader(GST_ELEMENT(self),
               [self](Engine& e) {
                 postDevice(GST_ELEMENT(self), std::string(e.device()->name()), e.deviceReason());
               }),
        reader(GST_ELEMENT(self)),
        stage(
            GST_ELEMENT(self), kWaitingWindows, [self](Item& item) { return process(self, item); },
            [this] { loader.setInterrupted(true); }) {}

  EngineOptions options;  // under the object lock
  EngineLoader loader;
  bool triedInReady = false;  // of the state changes: this READY has loaded, or failed, once
  Stats stats;

  // Of the sink pad's thread.
  GstSegment segment{};
  std::optional<TensorFormat> input;
  bool isRefused = false;   // what is wrong with the last CAPS is on the bus
  bool isNewStream = true;  // caps have to follow STREAM_START, even the same ones

  // Of the task.
  TensorReader reader;
  StatesPool pool;

  Stage<Item> stage;  // last: it stops first
};

GType gst_npu_whisper_enc_get_type();
G_DEFINE_TYPE(GstNpuWhisperEnc, gst_npu_whisper_enc, GST_TYPE_ELEMENT)

GstNpuWhisperEnc* cast(gpointer object) {
  return static_cast<GstNpuWhisperEnc*>(object);
}

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
      if (const auto engine = state.loader.engine())
        g_value_set_string(value, std::string(engine->device()->name()).c_str());
    } else if (id == PROP_STATS) {
      g_value_take_boxed(value, state.stats.structure().release());
    } else if (id >= PROP_ENGINE && id < PROP_ENGINE + kEngineProperties) {
      const ObjectLock lock(object);
      getEngineProperty(state.options, id - PROP_ENGINE, value);
    } else {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

// The task

Result<void> encode(GstNpuWhisperEnc* self, Engine& engine, const Item& item, GstBuffer* output) {
  State& state = *self->state;
  const WindowShape& shape = item.window.shape;
  const auto rowBytes = static_cast<size_t>(engine.info().melBins) * sizeof(float);
  const auto logMel =
      state.reader.read(item.buffer.get(), *engine.device(), static_cast<size_t>(shape.frames) * rowBytes);
  state.stats.copies = state.reader.copies();
  if (!logMel) return logMel.error();
  const auto states = bufferObjectOf(gst_buffer_peek_memory(output, 0), *engine.device(), state.pool.bytes());
  if (!states) return Error{ErrorCode::Internal, "A pooled buffer is not the device's."};
  return engine.encode(**logMel, shape, *states, state.stage.stopToken());
}

GstFlowReturn encodeWindow(GstNpuWhisperEnc* self, const Item& item) {
  State& state = *self->state;
  const auto engine = state.loader.engine();
  if (!engine) return GST_FLOW_FLUSHING;
  auto output = state.pool.acquire();
  if (!output) {
    postError(GST_ELEMENT(self), {ErrorCode::OutOfMemory, "No memory for a buffer of encoder states."});
    return GST_FLOW_ERROR;
  }
  const auto encoded = encode(self, *engine, item, output.get());
  if (!encoded) {
    postError(GST_ELEMENT(self), encoded.error());
    return encoded.error().code == ErrorCode::Cancelled ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
  }
  gst_buffer_copy_into(output.get(), item.buffer.get(),
                       static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0,
                       -1);
  if (item.discont) GST_BUFFER_FLAG_SET(output.get(), GST_BUFFER_FLAG_DISCONT);
  addWindowMeta(output.get(), item.window, item.buffer.get());
  ++state.stats.windows;
  return gst_pad_push(self->src, output.release());
}

void usePoolOf(State& state, GstEvent* capsEvent) {
  if (const auto engine = state.loader.engine()) state.pool.configure(engine->device(), capsIn(capsEvent));
}

GstFlowReturn process(GstNpuWhisperEnc* self, Item& item) {
  return guarded(GST_ELEMENT(self), GST_FLOW_ERROR, [&] {
    if (!item.event) return encodeWindow(self, item);
    if (GST_EVENT_TYPE(item.event.get()) == GST_EVENT_CAPS) usePoolOf(*self->state, item.event.get());
    return pushEvent(self->src, std::move(item.event));
  });
}

// The sink pad

TensorFormat inputOf(const ModelInfo& info) {
  return {TensorFormat::Id::LogMel, 2 * info.audioContext, info.melBins};
}

bool setCaps(GstNpuWhisperEnc* self, const GstCaps* caps) {
  State& state = *self->state;
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = state.loader.wait(&flow);
  // What is wrong is on the bus, and the next buffer's flow ends the stream; refused caps would come again
  // with it.
  if (!engine) return flow == GST_FLOW_ERROR;
  const ModelInfo& info = engine->info();
  const auto format = parseTensorCaps(caps);
  state.isRefused = !format || *format != inputOf(info);
  if (state.isRefused) {
    state.input.reset();
    const Held<char> text(gst_caps_to_string(caps));
    postError(GST_ELEMENT(self),
              {ErrorCode::BadValue, "Model " + info.name + " takes " + std::to_string(2 * info.audioContext) +
                                        " frames of " + std::to_string(info.melBins) +
                                        " mel bins, but the stream is " + text.get() + "."});
    return true;
  }
  const bool isKnown = std::exchange(state.input, format) == format && !state.isNewStream;
  if (isKnown) return true;
  const auto out = tensorCaps({TensorFormat::Id::EncoderStates, info.audioContext, info.stateWidth});
  const bool isPushed = state.stage.pushEvent(Held<GstEvent>(gst_event_new_caps(out.get())));
  state.isNewStream = !isPushed;
  return isPushed;
}

gboolean sinkEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  auto* self = cast(parent);
  State& state = *self->state;
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    switch (GST_EVENT_TYPE(raw)) {
      case GST_EVENT_FLUSH_START:
        return state.stage.startFlush(std::move(event));
      case GST_EVENT_FLUSH_STOP:
        state.loader.setInterrupted(false);
        return state.stage.stopFlush(std::move(event), [&] {});
      case GST_EVENT_CAPS:
        return setCaps(self, capsIn(raw));
      case GST_EVENT_SEGMENT:
        gst_event_copy_segment(raw, &state.segment);
        break;
      case GST_EVENT_STREAM_START:
        state.isNewStream = true;
        break;
      default:
        break;
    }
    if (isSerialized(raw)) return state.stage.pushEvent(std::move(event));
    return gst_pad_event_default(pad, parent, event.release());
  });
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = cast(parent);
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    State& state = *self->state;
    GstFlowReturn flow = GST_FLOW_OK;
    const auto engine = state.loader.wait(&flow);
    if (!engine) return flow;
    if (!state.input) return state.isRefused ? GST_FLOW_ERROR : GST_FLOW_NOT_NEGOTIATED;
    const auto window = windowOf(raw, engine->info().audioContext);
    if (!window) {
      postError(GST_ELEMENT(self), window.error());
      return GST_FLOW_ERROR;
    }
    auto item = std::make_shared<Item>();
    item->window = *window;
    item->discont = GST_BUFFER_IS_DISCONT(raw);
    item->buffer = std::move(buffer);
    const auto superseded = state.stage.remove([&](const Item& other) {
      return !other.window.isFinal && other.window.utterance == item->window.utterance;
    });
    for (const auto& old : superseded) {
      // Where the stream jumped, the next window says so.
      item->discont |= old->discont;
      postDropped(GST_ELEMENT(self), state.segment, GST_BUFFER_PTS(old->buffer.get()),
                  GST_BUFFER_DURATION(old->buffer.get()), state.stats.windows, ++state.stats.dropped);
    }
    return state.stage.push(std::move(item));
  });
}

/// What the sink pad takes now. While the model loads in a running pipeline the question waits, so that
/// npumel's first answer is the model's.
Held<GstCaps> sinkCaps(GstNpuWhisperEnc* self, GstPad* pad, GstCaps* filter) {
  State& state = *self->state;
  const auto engine = gst_pad_is_active(pad) ? state.loader.wait() : state.loader.engine();
  Held<GstCaps> caps(engine ? tensorCaps(inputOf(engine->info())).release()
                            : gst_pad_get_pad_template_caps(pad));
  if (filter) caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
  return caps;
}

gboolean sinkQuery(GstPad* pad, GstObject* parent, GstQuery* query) {
  State& state = *cast(parent)->state;
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    switch (GST_QUERY_TYPE(query)) {
      case GST_QUERY_CAPS: {
        GstCaps* filter = nullptr;
        gst_query_parse_caps(query, &filter);
        gst_query_set_caps_result(query, sinkCaps(cast(parent), pad, filter).get());
        return TRUE;
      }
      case GST_QUERY_ALLOCATION: {
        const auto engine = state.loader.engine();
        return engine && proposeTensorPool(query, engine->device());
      }
      case GST_QUERY_DRAIN:
        state.stage.waitIdle();
        return gst_pad_query_default(pad, parent, query);
      default:
        return gst_pad_query_default(pad, parent, query);
    }
  });
}

// States

EngineOptions copyOptions(GstElement* element) {
  const ObjectLock lock(element);
  return existing(cast(element)->state).options;
}

GstStateChangeReturn changeState(GstElement* element, GstStateChange transition) {
  return guarded(element, GST_STATE_CHANGE_FAILURE, [&] {
    State& state = existing(cast(element)->state);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY)
      if (const auto checked = Engine::check(copyOptions(element)); !checked) {
        postError(element, checked.error());
        return GST_STATE_CHANGE_FAILURE;
      }
    if (transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      const bool retry = transition == GST_STATE_CHANGE_NULL_TO_READY || state.triedInReady;
      if (!state.loader.start(copyOptions(element), retry)) return GST_STATE_CHANGE_FAILURE;
      state.triedInReady = transition == GST_STATE_CHANGE_READY_TO_PAUSED;
      state.loader.setInterrupted(false);
    }
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      state.stats.reset();
      state.input.reset();
      state.isRefused = false;
      state.isNewStream = true;
      gst_segment_init(&state.segment, GST_FORMAT_TIME);
    }
    const auto result =
        GST_ELEMENT_CLASS(gst_npu_whisper_enc_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
      state.pool.reset();
    }
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) state.loader.stop();
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
    self->state->stage.attach(self->src);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);  // without state there are no pads: nothing comes in
    gst_element_add_pad(GST_ELEMENT(self), self->src);
  });
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npuwhisperenc, "npuwhisperenc", GST_RANK_NONE, gst_npu_whisper_enc_get_type())
