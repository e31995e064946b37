// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/window_encoder.h"

#include <string>
#include <utility>

#include "gst/core/boundary.h"
#include "gst/core/events.h"
#include "gst/memory/npu_buffer_pool.h"

namespace npuspeech::gst {
namespace {

/// A final window waits while another is encoded; more would only hide that the machine is too slow.
constexpr size_t kWaitingWindows = 2;

TensorFormat inputOf(const ModelInfo& info) {
  return {TensorFormat::Id::LogMel, 2 * info.audioContext, info.melBins};
}

}  // namespace

WindowEncoder::WindowEncoder(GstElement* element, GstPad* sink, GstPad* src,
                             std::function<EngineOptions()> options)
    : element_(element),
      sink_(sink),
      src_(src),
      options_(std::move(options)),
      loader_(element,
              [element](Engine& engine) {
                postDevice(element, std::string(engine.device()->name()), engine.deviceReason());
              }),
      reader_(element),
      stage_(
          element, kWaitingWindows, [this](Item& item) { return process(item); },
          [this] { loader_.setInterrupted(true); }) {
  stage_.attach(src_);
}

bool WindowEncoder::check() {
  const auto checked = Engine::check(options_());
  if (!checked) postError(element_, checked.error());
  return static_cast<bool>(checked);
}

bool WindowEncoder::load(bool retry) {
  if (!loader_.start(options_(), retry)) return false;
  loader_.setInterrupted(false);
  return true;
}

void WindowEncoder::start() {
  stats_.reset();
  input_.reset();
  isRefused_ = false;
  isNewStream_ = true;
  gst_segment_init(&segment_, GST_FORMAT_TIME);
}

// The task

Result<void> WindowEncoder::encodeInto(Engine& engine, const Item& item, GstBuffer* output) {
  const WindowShape& shape = item.window.shape;
  const auto logMel = reader_.read(item.buffer.get(), *engine.device(), engine.info().logMelBytes(shape));
  stats_.copies = reader_.copies();
  if (!logMel) return logMel.error();
  const auto states = bufferObjectOf(gst_buffer_peek_memory(output, 0), *engine.device(), pool_.bytes());
  if (!states)
    return Error{ErrorCode::Internal,
                 "A buffer of encoder states is not memory of the device. Please report it."};
  return engine.encode(**logMel, shape, *states, stage_.stopToken());
}

GstFlowReturn WindowEncoder::encodeWindow(const Item& item) {
  const auto engine = loader_.engine();
  if (!engine) return GST_FLOW_FLUSHING;
  auto output = pool_.acquire();
  if (!output) {
    postError(
        element_,
        {ErrorCode::OutOfMemory,
         "There is no memory for a buffer of encoder states: use a smaller model, or run less beside it."});
    return GST_FLOW_ERROR;
  }
  const auto encoded = encodeInto(*engine, item, output.get());
  if (!encoded) {
    postError(element_, encoded.error());
    return encoded.error().code == ErrorCode::Cancelled ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
  }
  gst_buffer_copy_into(output.get(), item.buffer.get(),
                       static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0,
                       -1);
  if (item.discont) GST_BUFFER_FLAG_SET(output.get(), GST_BUFFER_FLAG_DISCONT);
  addWindowMeta(output.get(), item.window, item.buffer.get());
  ++stats_.windows;
  return gst_pad_push(src_, output.release());
}

GstFlowReturn WindowEncoder::process(Item& item) {
  return guarded(element_, GST_FLOW_ERROR, [&] {
    if (!item.event) return encodeWindow(item);
    const auto engine = loader_.engine();
    if (engine && GST_EVENT_TYPE(item.event.get()) == GST_EVENT_CAPS)
      pool_.configure(engine->device(), capsIn(item.event.get()));
    return pushEvent(src_, std::move(item.event));
  });
}

// The sink pad

bool WindowEncoder::begin(const GstCaps* caps) {
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = loader_.wait(&flow);
  // What is wrong is on the bus, and the next buffer's flow ends the stream; refused caps would come again
  // with it.
  if (!engine) return flow == GST_FLOW_ERROR;
  const ModelInfo& info = engine->info();
  const auto format = parseTensorCaps(caps);
  isRefused_ = !format || *format != inputOf(info);
  if (isRefused_) {
    input_.reset();
    const Held<char> text(gst_caps_to_string(caps));
    postError(element_, {ErrorCode::BadValue,
                         "Model " + info.name + " takes " + std::to_string(2 * info.audioContext) +
                             " frames of " + std::to_string(info.melBins) + " mel bins, but the stream is " +
                             text.get() + ": link npumel, which agrees with it."});
    return true;
  }
  const bool isKnown = std::exchange(input_, format) == format && !isNewStream_;
  if (isKnown) return true;
  const auto out = tensorCaps({TensorFormat::Id::EncoderStates, info.audioContext, info.stateWidth});
  const bool isPushed = stage_.pushEvent(Held<GstEvent>(gst_event_new_caps(out.get())));
  isNewStream_ = !isPushed;
  return isPushed;
}

bool WindowEncoder::takeEvent(Held<GstEvent> event) {
  GstEvent* const raw = event.get();
  switch (GST_EVENT_TYPE(raw)) {
    case GST_EVENT_FLUSH_START:
      return stage_.startFlush(std::move(event));
    case GST_EVENT_FLUSH_STOP:
      loader_.setInterrupted(false);
      return stage_.stopFlush(std::move(event), [] {});
    case GST_EVENT_CAPS:
      return begin(capsIn(raw));
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(raw, &segment_);
      break;
    case GST_EVENT_STREAM_START:
      isNewStream_ = true;
      break;
    default:
      break;
  }
  if (isSerialized(raw)) return stage_.pushEvent(std::move(event));
  return gst_pad_event_default(sink_, GST_OBJECT(element_), event.release());
}

GstFlowReturn WindowEncoder::encode(Held<GstBuffer> buffer) {
  GstFlowReturn flow = GST_FLOW_OK;
  const auto engine = loader_.wait(&flow);
  if (!engine) return flow;
  if (isRefused_) return GST_FLOW_ERROR;
  if (!input_) return GST_FLOW_NOT_NEGOTIATED;
  const auto window = windowOf(buffer.get(), engine->info().audioContext);
  if (!window) {
    postError(element_, window.error());
    return GST_FLOW_ERROR;
  }
  auto item = std::make_shared<Item>();
  item->window = *window;
  item->discont = GST_BUFFER_IS_DISCONT(buffer.get());
  item->buffer = std::move(buffer);
  const auto superseded = stage_.remove([&](const Item& other) {
    return !other.window.isFinal && other.window.utterance == item->window.utterance;
  });
  for (const auto& old : superseded) {
    // Where the stream jumped, the next window says so.
    item->discont |= old->discont;
    postDropped(element_, segment_, GST_BUFFER_PTS(old->buffer.get()), GST_BUFFER_DURATION(old->buffer.get()),
                stats_.windows, ++stats_.dropped);
  }
  return stage_.push(std::move(item));
}

Held<GstCaps> WindowEncoder::caps(GstCaps* filter) {
  const auto engine = gst_pad_is_active(sink_) ? loader_.wait() : loader_.engine();
  Held<GstCaps> caps(engine ? tensorCaps(inputOf(engine->info())).release()
                            : gst_pad_get_pad_template_caps(sink_));
  if (filter) caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
  return caps;
}

bool WindowEncoder::proposePool(GstQuery* query) {
  const auto engine = loader_.engine();
  return engine && proposeTensorPool(query, engine->device());
}

}  // namespace npuspeech::gst
