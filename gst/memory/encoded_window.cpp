// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/encoded_window.h"

#include "gst/memory/window_meta.h"

namespace npuspeech::gst {
namespace {

size_t tensorBytes(int rows, int columns) {
  return static_cast<size_t>(rows) * static_cast<size_t>(columns) * sizeof(float);
}

}  // namespace

Result<EncodedWindow> encodedWindow(GstBuffer* buffer, const WindowShape& shape, Engine& engine,
                                    TensorReader& reader) {
  EncodedWindow window;
  window.shape = shape;
  auto states = reader.read(buffer, *engine.device(), tensorBytes(shape.rows(), engine.info().stateWidth));
  if (!states) return states.error();
  window.states = std::move(*states);
  if (GstBuffer* logMel = logMelOf(buffer); logMel && gst_buffer_n_memory(logMel) == 1)
    window.logMel = bufferObjectOf(gst_buffer_peek_memory(logMel, 0), *engine.device(),
                                   tensorBytes(shape.frames, engine.info().melBins));
  window.keepAlive = std::shared_ptr<const void>(gst_buffer_ref(buffer), [](const void* p) {
    gst_buffer_unref(static_cast<GstBuffer*>(const_cast<void*>(p)));
  });
  return window;
}

}  // namespace npuspeech::gst
