// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/memory/tensor_caps.h"

#include <string_view>

namespace npuspeech::gst {
namespace {

constexpr int kMaxDim = 1 << 20;

std::optional<int> dimension(const GValue* dims, guint index) {
  const GValue* value = gst_value_array_get_value(dims, index);
  if (!G_VALUE_HOLDS_INT(value)) return {};
  const int dim = g_value_get_int(value);
  if (dim < 1 || dim > kMaxDim) return {};
  return dim;
}

}  // namespace

Held<GstCaps> tensorCaps(const TensorFormat& format) {
  const bool logMel = format.id == TensorFormat::Id::LogMel;
  GstCaps* caps = gst_caps_from_string(logMel ? NPUSPEECH_TENSOR_CAPS(NPUSPEECH_LOG_MEL)
                                              : NPUSPEECH_TENSOR_CAPS(NPUSPEECH_ENCODER_STATES));
  GValue dims = G_VALUE_INIT;
  gst_value_array_init(&dims, 2);
  for (int size : {format.rows, format.columns}) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT);
    g_value_set_int(&value, size);
    gst_value_array_append_and_take_value(&dims, &value);
  }
  gst_caps_set_value(caps, "dims", &dims);
  g_value_unset(&dims);
  return Held<GstCaps>(caps);
}

std::optional<TensorFormat> parseTensorCaps(const GstCaps* caps) {
  if (!caps || !gst_caps_is_fixed(caps)) return {};
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  const auto field = [&](const char* name) {
    const char* text = gst_structure_get_string(s, name);
    return std::string_view(text ? text : "");
  };
  if (!gst_structure_has_name(s, "application/x-npu-tensor") || field("type") != "float32" ||
      field("dims-order") != "row-major")
    return {};
  TensorFormat format;
  if (field("tensor-id") == NPUSPEECH_ENCODER_STATES)
    format.id = TensorFormat::Id::EncoderStates;
  else if (field("tensor-id") != NPUSPEECH_LOG_MEL)
    return {};
  const GValue* dims = gst_structure_get_value(s, "dims");
  if (!dims || !GST_VALUE_HOLDS_ARRAY(dims) || gst_value_array_get_size(dims) != 2) return {};
  const auto rows = dimension(dims, 0), columns = dimension(dims, 1);
  if (!rows || !columns) return {};
  format.rows = *rows;
  format.columns = *columns;
  return format;
}

}  // namespace npuspeech::gst
