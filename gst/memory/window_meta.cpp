// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/window_meta.h"

#include <cstring>

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

#if GST_CHECK_VERSION(1, 24, 0)
gboolean window_meta_serialize(const GstMeta* meta, GstByteArrayInterface* data, guint8* version) {
  const auto bytes = npuspeech::gst::packed(*reinterpret_cast<const GstNpuWindowMeta*>(meta));
  *version = 1;
  return gst_byte_array_interface_append_data(data, bytes.data(), bytes.size());
}

GstMeta* window_meta_deserialize(const GstMetaInfo* info, GstBuffer* buffer, const guint8* data, gsize size,
                                 guint8 version) {
  GstNpuWindowMeta fields{};
  if (version != 1 || !npuspeech::gst::unpack({data, size}, &fields)) return nullptr;
  GstMeta* const meta = gst_buffer_add_meta(buffer, info, nullptr);
  if (!meta) return nullptr;
  fields.meta = *meta;
  *reinterpret_cast<GstNpuWindowMeta*>(meta) = fields;
  return meta;
}
#endif

}  // namespace

GType gst_npu_window_meta_api_get_type() {
  static const GType type = [] {
    static const char* tags[] = {nullptr};
    return gst_meta_api_type_register("GstNpuWindowMetaAPI", tags);
  }();
  return type;
}

const GstMetaInfo* gst_npu_window_meta_get_info() {
#if GST_CHECK_VERSION(1, 24, 0)
  static const GstMetaInfo* info = [] {
    GstMetaInfo* const made =
        gst_meta_info_new(gst_npu_window_meta_api_get_type(), "GstNpuWindowMeta", sizeof(GstNpuWindowMeta));
    made->init_func = window_meta_init;
    made->free_func = window_meta_free;
    made->transform_func = window_meta_transform;
    made->serialize_func = window_meta_serialize;
    made->deserialize_func = window_meta_deserialize;
    return gst_meta_info_register(made);
  }();
#else
  static const GstMetaInfo* info =
      gst_meta_register(gst_npu_window_meta_api_get_type(), "GstNpuWindowMeta", sizeof(GstNpuWindowMeta),
                        window_meta_init, window_meta_free, window_meta_transform);
#endif
  return info;
}

namespace npuspeech::gst {
namespace {
/// Times that far away still add up.
constexpr GstClockTime kFarthestJump = G_MAXINT64 / 4;
}  // namespace

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
  meta->stalled = window.isStalled;
  meta->jump_at = window.jump.atNs ? static_cast<GstClockTime>(*window.jump.atNs) : GST_CLOCK_TIME_NONE;
  meta->jump_by = static_cast<GstClockTime>(window.jump.byNs);
  meta->heard = window.heardAt;
  meta->log_mel = logMel ? gst_buffer_ref(logMel) : nullptr;
}

bool readWindowMeta(GstBuffer* buffer, int context, Window* window) {
  const auto* meta =
      reinterpret_cast<GstNpuWindowMeta*>(gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()));
  if (!meta) return false;
  *window = Window{WindowShape{meta->frames, meta->context, {meta->padding_growth, meta->padding_max}},
                   meta->utterance,
                   meta->number,
                   meta->final != FALSE,
                   meta->stalled != FALSE,
                   {},
                   meta->heard};
  const bool isJump = meta->jump_by < kFarthestJump;
  if (isJump && meta->jump_at <= G_MAXINT64)
    window->jump = {static_cast<int64_t>(meta->jump_at), static_cast<int64_t>(meta->jump_by)};
  return isJump && meta->context == context && meta->frames >= 1 && meta->frames <= 2 * context &&
         meta->padding_growth >= 0 && meta->padding_max >= 1 &&
         meta->audio_rows == window->shape.audioRows() &&
         meta->padding_rows == window->shape.rows() - window->shape.audioRows();
}

Result<Window> windowOf(GstBuffer* buffer, int context) {
  Window window;
  if (readWindowMeta(buffer, context, &window)) return window;
  if (!gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()))
    return Error{
        ErrorCode::BadValue,
        "A tensor came without GstNpuWindowMeta, which says which of its rows hold audio: an element in "
        "between has dropped it. Pass buffers on whole (between processes, from GStreamer 1.24 on), or pass "
        "audio or text in their place."};
  return Error{ErrorCode::BadValue, "A buffer's window does not fit the model's context of " +
                                        std::to_string(context) +
                                        " rows: use the same model in all elements."};
}

namespace {
template <class Use>
void forFieldsOf(auto& meta, Use&& use) {
  use(meta.frames), use(meta.context), use(meta.audio_rows), use(meta.padding_rows);
  use(meta.padding_growth), use(meta.padding_max), use(meta.utterance), use(meta.number), use(meta.final),
      use(meta.stalled), use(meta.jump_at), use(meta.jump_by);
}
}  // namespace

PackedWindowMeta packed(const GstNpuWindowMeta& meta) {
  PackedWindowMeta bytes{};
  size_t at = 0;
  forFieldsOf(meta, [&](const auto& field) {
    std::memcpy(bytes.data() + at, &field, sizeof field);
    at += sizeof field;
  });
  return bytes;
}

bool unpack(std::span<const guint8> bytes, GstNpuWindowMeta* meta) {
  if (bytes.size() != PackedWindowMeta{}.size()) return false;
  size_t at = 0;
  forFieldsOf(*meta, [&](auto& field) {
    std::memcpy(&field, bytes.data() + at, sizeof field);
    at += sizeof field;
  });
  meta->heard = GST_CLOCK_TIME_NONE;
  meta->log_mel = nullptr;
  return true;
}

GstBuffer* logMelOf(GstBuffer* buffer) {
  const auto* meta =
      reinterpret_cast<GstNpuWindowMeta*>(gst_buffer_get_meta(buffer, gst_npu_window_meta_api_get_type()));
  return meta ? meta->log_mel : nullptr;
}

}  // namespace npuspeech::gst
