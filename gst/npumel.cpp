// SPDX-License-Identifier: LGPL-2.1-or-later
// npumel: speech out of audio, as windows of log-mel. Longer than most because GStreamer wants all of an
// element's callbacks in one place.
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

#include <algorithm>
#include <vector>

#include "gst/audio_run.h"
#include "gst/boundary.h"
#include "gst/elements.h"
#include "gst/events.h"
#include "gst/live_feedback.h"
#include "gst/mel_output.h"
#include "gst/mel_settings.h"
#include "gst/queries.h"
#include "gst/stats.h"
#include "gst/tensor_caps.h"

GST_DEBUG_CATEGORY_STATIC(npumel_debug);
#define GST_CAT_DEFAULT npumel_debug

namespace {

using namespace npuspeech;
using namespace npuspeech::gst;

constexpr int kRate = LogMel::kSampleRate;

GstStaticPadTemplate sinkTemplate = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("audio/x-raw, format=(string)" GST_AUDIO_NE(F32) ", rate=(int)16000, channels=(int)1, "
                                                                     "layout=(string)interleaved"));
GstStaticPadTemplate srcTemplate = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL) ", dims=(int)<3000, {80, 128}>"));

enum { PROP_0, PROP_SETTINGS, PROP_STATS = PROP_SETTINGS + kMelProperties };

struct GstNpuMel {
  GstElement parent;
  GstPad *sink, *src;
  struct State* state;
};
struct GstNpuMelClass {
  GstElementClass parent_class;
};

struct State {
  explicit State(GstNpuMel* self) : output(GST_ELEMENT(self), self->src, stats) {}

  MelSettings settings;  // under the object lock
  Stats stats;
  LiveFeedback feedback;

  // Of the streaming thread.
  MelOutput output;
  std::shared_ptr<const SileroWeights> vad;
  std::unique_ptr<Windower> windower;
  bool isLive = false;  // as the windower was told
  GstSegment segment{};
  AudioRun run;  // that the windower stands in
  const std::vector<float> silence = std::vector<float>(kRate);
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

// Windows and gaps

/// Pushes what the windower has ready.
GstFlowReturn pushReady(GstNpuMel* self) {
  State& state = *self->state;
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK) {
    const auto next = state.windower->next();
    if (!next) break;
    if (const auto* gap = std::get_if<AudioGap>(&*next)) {
      flow = state.output.pushGap(static_cast<GstClockTime>(gap->startNs),
                                  static_cast<GstClockTime>(gap->durationNs));
    } else {
      const auto& window = std::get<AudioWindow>(*next);
      GST_LOG_OBJECT(self, "utterance %" G_GUINT64_FORMAT " window %u: %d frames at %" GST_TIME_FORMAT "%s",
                     window.utterance, window.number, window.frames, GST_TIME_ARGS(window.startNs),
                     window.isFinal ? ", final" : "");
      if (!window.isFinal) state.feedback.pushed(*state.windower);
      flow = state.output.pushWindow(*state.windower, window);
    }
  }
  return flow;
}

/// Ends the run of audio: what is pending comes out, and the next audio starts a new run.
GstFlowReturn drain(GstNpuMel* self) {
  State& state = *self->state;
  if (!state.run.isOn()) return GST_FLOW_OK;
  state.run.stop();
  state.windower->drain();
  return pushReady(self);
}

/// A second at a time, so that a long buffer does not pile its windows up.
GstFlowReturn pushAudio(GstNpuMel* self, std::span<const float> samples) {
  State& state = *self->state;
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && !samples.empty()) {
    const auto part = samples.first(std::min<size_t>(samples.size(), kRate));
    samples = samples.subspan(part.size());
    state.feedback.apply(state.segment, *state.windower);
    state.windower->push(part);
    state.run.add(part.size());
    flow = pushReady(self);
  }
  return flow;
}

/// At most AudioRun::kLongestSilence.
GstFlowReturn pushSilence(GstNpuMel* self, GstClockTime duration) {
  const std::vector<float>& silence = self->state->silence;
  const auto count = std::min<size_t>(gst_util_uint64_scale(duration, kRate, GST_SECOND), silence.size());
  return pushAudio(self, {silence.data(), count});
}

void startRun(GstNpuMel* self, GstClockTime pts) {
  State& state = *self->state;
  if (!state.windower) {
    auto options = copySettings(self).windows;
    options.melBins = state.output.format().columns;
    options.live = state.isLive = upstreamIsLive(self->sink);
    GST_INFO_OBJECT(self, "%s, %d mel bins", options.live ? "live" : "not live", options.melBins);
    state.windower = std::make_unique<Windower>(options, state.vad);
  }
  state.run.start(pts);
  state.output.markDiscont();
  state.feedback.reset();
  state.windower->reset(static_cast<int64_t>(pts));
}

/// Agrees with downstream. Drains first, where windows of another shape are pending.
bool negotiate(GstNpuMel* self) {
  State& state = *self->state;
  const auto format = state.output.query();
  if (!format) return false;
  if (format != state.output.format()) {
    drain(self);
    state.windower.reset();
  }
  return state.output.configure(*format);
}

// The sink pad

/// Before the buffer's audio: fills what is missing, or starts a new run.
GstFlowReturn goOnAt(GstNpuMel* self, GstBuffer* buffer) {
  State& state = *self->state;
  AudioRun& run = state.run;
  const GstClockTime pts = GST_BUFFER_PTS(buffer), end = run.end();
  GstFlowReturn flow = GST_FLOW_OK;
  if (!run.isOn()) {
    const GstClockTime follows = state.windower ? end : state.segment.start;
    startRun(self, GST_CLOCK_TIME_IS_VALID(pts) ? pts : follows);
  } else if (const auto before = run.before(pts, GST_BUFFER_IS_DISCONT(buffer)); before.isBreak) {
    GST_DEBUG_OBJECT(self, "audio is missing: at %" GST_TIME_FORMAT " instead of %" GST_TIME_FORMAT,
                     GST_TIME_ARGS(pts), GST_TIME_ARGS(end));
    flow = drain(self);
    if (flow == GST_FLOW_OK && before.start > end) flow = state.output.pushGap(end, before.start - end);
    if (flow == GST_FLOW_OK) startRun(self, before.start);
  } else if (before.silence > 0) {
    flow = pushSilence(self, before.silence);
  }
  return flow;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = cast(parent);
  State& state = *self->state;
  Held<GstBuffer> buffer(raw);
  return guarded(GST_ELEMENT(parent), GST_FLOW_ERROR, [&] {
    if (state.segment.format != GST_FORMAT_TIME) return GST_FLOW_ERROR;
    if ((gst_pad_check_reconfigure(self->src) || !state.output.isConfigured()) && !negotiate(self)) {
      gst_pad_mark_reconfigure(self->src);
      return GST_PAD_IS_FLUSHING(self->src) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
    }
    buffer.reset(gst_audio_buffer_clip(buffer.release(), &state.segment, kRate, sizeof(float)));
    if (!buffer) return GST_FLOW_OK;
    const GstFlowReturn flow = goOnAt(self, buffer.get());
    if (flow != GST_FLOW_OK) return flow;
    const Mapped map(buffer.get(), GST_MAP_READ);
    if (!map) {
      postError(GST_ELEMENT(self), {ErrorCode::OutOfMemory, "A buffer of audio cannot be mapped."});
      return GST_FLOW_ERROR;
    }
    const std::span samples(map.as<const float>(), map.size() / sizeof(float));
    state.output.heard(samples, state.isLive);
    return pushAudio(self, samples);
  });
}

/// Audio that upstream knows to be silent or lost.
bool handleGap(GstNpuMel* self, GstEvent* event) {
  State& state = *self->state;
  GstClockTime start = 0, duration = 0;
  gst_event_parse_gap(event, &start, &duration);
  if (state.run.holds(start, duration)) return pushSilence(self, duration) == GST_FLOW_OK;
  const bool pushed = drain(self) == GST_FLOW_OK && gst_pad_push_event(self->src, gst_event_ref(event));
  if (state.windower && GST_CLOCK_TIME_IS_VALID(duration)) state.run.moveTo(start + duration);
  return pushed;
}

/// False: refused, with an error on the bus. The event still counts as taken, for a refused one would come
/// again with each buffer; the buffer's flow ends the stream.
bool setSegment(GstNpuMel* self, GstEvent* event) {
  State& state = *self->state;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  if (segment->format != GST_FORMAT_TIME || segment->rate <= 0) {
    postError(GST_ELEMENT(self),
              {ErrorCode::Unsupported, "Speech is only understood forwards, in a segment in time."});
    gst_segment_init(&state.segment, GST_FORMAT_UNDEFINED);
    return false;
  }
  if (!gst_segment_is_equal(segment, &state.segment)) drain(self);
  gst_segment_copy_into(segment, &state.segment);
  return true;
}

gboolean sinkEvent(GstPad* pad, GstObject* parent, GstEvent* raw) {
  auto* self = cast(parent);
  State& state = *self->state;
  Held<GstEvent> event(raw);
  return guarded(GST_ELEMENT(parent), FALSE, [&]() -> gboolean {
    switch (GST_EVENT_TYPE(raw)) {
      case GST_EVENT_FLUSH_START:
        state.output.setFlushing(true);
        break;
      case GST_EVENT_FLUSH_STOP:
        state.output.setFlushing(false);
        state.output.forgetSound();
        state.run.stop();
        gst_segment_init(&state.segment, GST_FORMAT_TIME);
        state.feedback.reset();
        break;
      case GST_EVENT_CAPS:  // audio always comes in the same shape: what is being said goes on
        return gst_pad_check_reconfigure(self->src) || !state.output.isConfigured() ? negotiate(self) : TRUE;
      case GST_EVENT_SEGMENT:
        if (!setSegment(self, raw)) return TRUE;
        break;
      case GST_EVENT_GAP:
        return handleGap(self, raw);
      case GST_EVENT_TAG:
        if (isStreamTag(raw)) return TRUE;  // the audio's, not the tensors'
        break;
      case GST_EVENT_STREAM_START:
        drain(self);
        state.output.startStream();
        break;
      case GST_EVENT_SEGMENT_DONE:
      case GST_EVENT_EOS:
        drain(self);
        if (GST_EVENT_TYPE(raw) == GST_EVENT_EOS) state.output.tellSound();
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
      cast(parent)->state->feedback.receive(*settled);
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
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
      auto vad = loadVad(element, copySettings(cast(element)));
      if (!vad) {
        postError(element, vad.error());
        return GST_STATE_CHANGE_FAILURE;
      }
      state.vad = *vad;
      state.stats.reset();
      gst_segment_init(&state.segment, GST_FORMAT_TIME);
      state.feedback.reset();
    }
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) state.output.setFlushing(true);
    const auto result = GST_ELEMENT_CLASS(gst_npu_mel_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
      state.output.reset();
      state.windower.reset();
      state.run.stop();
      state.vad.reset();
    }
    return result;
  });
}

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
  gst_element_add_pad(GST_ELEMENT(self), self->sink);
  self->src = gst_pad_new_from_static_template(&srcTemplate, "src");
  gst_pad_set_event_function(self->src, GST_DEBUG_FUNCPTR(srcEvent));
  gst_pad_set_query_function(self->src, GST_DEBUG_FUNCPTR(srcQuery));
  gst_element_add_pad(GST_ELEMENT(self), self->src);
  guardedVoid(GST_ELEMENT(self), [&] { self->state = new State(self); });
}

}  // namespace

GST_ELEMENT_REGISTER_DEFINE(npumel, "npumel", GST_RANK_NONE, gst_npu_mel_get_type())
