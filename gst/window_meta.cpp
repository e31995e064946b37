// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/window_meta.h"

namespace {

gboolean window_meta_init(GstMeta* meta, gpointer, GstBuffer*) {
  auto* window = reinterpret_cast<GstNpuWindowMeta*>(meta);
  const GstMeta base = window->meta;
  *window = {};
  window->meta = base;
  return TRUE;
}

gboolean window_meta_transform(GstBuffer* destination, GstMeta* meta, GstBuffer*, GQuark type, gpointer) {
  if (!GST_META_TRANSFORM_IS_COPY(type)) return FALSE;
  GstMeta* added = gst_buffer_add_meta(destination, gst_npu_window_meta_get_info(), nullptr);
  if (!added) return FALSE;
  const GstMeta base = *added;
  auto* copy = reinterpret_cast<GstNpuWindowMeta*>(added);
  *copy = *reinterpret_cast<GstNpuWindowMeta*>(meta);
  copy->meta = base;
  if (copy->log_mel) gst_buffer_ref(copy->log_mel);
  return TRUE;
}

void window_meta_free(GstMeta* meta, GstBuffer*) {
  gst_clear_buffer(&reinterpret_cast<GstNpuWindowMeta*>(meta)->log_mel);
}

}  // namespace

GType gst_npu_window_meta_api_get_type() {
  static const GType type = [] {
    static const char* tags[] = {nullptr};
    return gst_meta_api_type_register("GstNpuWindowMetaAPI", tags);
  }();
  return type;
}

const GstMetaInfo* gst_npu_window_meta_get_info() {
  static const GstMetaInfo* info =
      gst_meta_register(gst_npu_window_meta_api_get_type(), "GstNpuWindowMeta", sizeof(GstNpuWindowMeta),
                        window_meta_init, window_meta_free, window_meta_transform);
  return info;
}

namespace npuspeech::gst {

void addWindowMeta(GstBuffer* buffer, const Window& window, GstBuffer* logMel) {
  auto* meta = reinterpret_cast<GstNpuWindowMeta*>(
      gst_buffer_add_meta(buffer, gst_npu_window_meta_get_info(), nullptr));
  meta->frames = window.shape.frames;
  meta->context = window.shape.context;
  meta->audio_rows = window.shape.audioRows();
  meta->padding_rows = window.shape.rows() - window.shape.audioRows();
  meta->padding_growth = window.shape.padding.growthPercent;
  meta->padding_max = window.shape.padding.maxBlock;
  meta->utterance = window.utterance;
  meta->number = window.number;
  meta->final = window.isFinal;
  meta->heard = window.heardAt;
  meta->log_mel = logMel ? gst_buffer_ref(logMel) : nullptr;
}

bool readWindowMeta(GstBuffer* buffer, int context, Window* window) {
  const auto* meta =
      reinterpret_cast<GstNpuWindowMeta*>(gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()));
  if (!meta) {
    *window = Window{WindowShape{2 * context, context, kFullContext}};
    return true;
  }
  *window = Window{WindowShape{meta->frames, meta->context, {meta->padding_growth, meta->padding_max}},
                   meta->utterance, meta->number, meta->final != FALSE, meta->heard};
  return meta->context == context && meta->frames >= 1 && meta->frames <= 2 * context &&
         meta->padding_growth >= 0 && meta->padding_max >= 1 &&
         meta->audio_rows == window->shape.audioRows() &&
         meta->padding_rows == window->shape.rows() - window->shape.audioRows();
}

Result<Window> windowOf(GstBuffer* buffer, int context) {
  Window window;
  if (readWindowMeta(buffer, context, &window)) return window;
  return Error{ErrorCode::BadValue,
               "A buffer's window does not fit the model's context of " + std::to_string(context) + " rows."};
}

GstBuffer* logMelOf(GstBuffer* buffer) {
  const auto* meta =
      reinterpret_cast<GstNpuWindowMeta*>(gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()));
  return meta ? meta->log_mel : nullptr;
}

}  // namespace npuspeech::gst
