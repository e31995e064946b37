// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/engine_properties.h"

GType gst_npu_precision_get_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(npuspeech::Precision::Float32), "Float32 weights", "float32"},
        {static_cast<gint>(npuspeech::Precision::Int8), "8-bit weights, activations quantised per row",
         "int8"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNpuPrecision", values);
  }();
  return type;
}

namespace npuspeech::gst {

void installEngineProperties(GObjectClass* klass, guint firstId) {
  const EngineOptions defaults;
  g_object_class_install_property(
      klass, firstId + kModel,
      g_param_spec_string(
          "model", "Model",
          "Folder or file of a Whisper model, or the name of one that tools/fetch-model put into the cache",
          defaults.model.c_str(), kSetInReady));
  g_object_class_install_property(
      klass, firstId + kDevice,
      g_param_spec_string("device", "Device", "Where to compute: auto, cpu, sim, xrt or xrt:N",
                          defaults.device.c_str(), kSetInReady));
  g_object_class_install_property(
      klass, firstId + kPrecision,
      g_param_spec_enum("precision", "Precision", "Number format of the weights", GST_TYPE_NPU_PRECISION,
                        static_cast<gint>(defaults.precision), kSetInReady));
  g_object_class_install_property(
      klass, firstId + kThreads,
      g_param_spec_uint("threads", "Threads", "Threads that compute; 0 for the number of physical cores", 0,
                        64, static_cast<guint>(defaults.threads), kSetInReady));
}

void installActiveDeviceProperty(GObjectClass* klass, guint id) {
  g_object_class_install_property(
      klass, id,
      g_param_spec_string("active-device", "Active device", "What computes; NULL until the model is loaded",
                          nullptr, kReadOnly));
}

void setEngineProperty(EngineOptions& options, guint property, const GValue* value) {
  switch (property) {
    case kModel:
      options.model = stringOf(value);
      break;
    case kDevice:
      options.device = stringOf(value);
      break;
    case kPrecision:
      options.precision = static_cast<Precision>(g_value_get_enum(value));
      break;
    case kThreads:
      options.threads = static_cast<int>(g_value_get_uint(value));
      break;
    default:
      break;
  }
}

void getEngineProperty(const EngineOptions& options, guint property, GValue* value) {
  switch (property) {
    case kModel:
      g_value_set_string(value, options.model.c_str());
      break;
    case kDevice:
      g_value_set_string(value, options.device.c_str());
      break;
    case kPrecision:
      g_value_set_enum(value, static_cast<gint>(options.precision));
      break;
    case kThreads:
      g_value_set_uint(value, static_cast<guint>(options.threads));
      break;
    default:
      break;
  }
}

}  // namespace npuspeech::gst
