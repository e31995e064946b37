// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties that choose an Engine: the same on every element that needs one.
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/core/properties.h"
#include "speech/whisper/engine.h"

#define GST_TYPE_NPU_PRECISION (gst_npu_precision_get_type())
GType gst_npu_precision_get_type();

namespace npuspeech::gst {

/// The properties, in the order of their ids.
enum EngineProperty : guint { kModel, kDevice, kPrecision, kThreads };
constexpr guint kEngineProperties = 4;

/// Installs all of EngineProperty with ids from `firstId` on.
void installEngineProperties(GObjectClass* klass, guint firstId);
/// Sets one EngineProperty. The caller holds the element's object lock.
void setEngineProperty(EngineOptions& options, guint property, const GValue* value);
/// Reads one EngineProperty.
void getEngineProperty(const EngineOptions& options, guint property, GValue* value);

/// Installs the read-only property `active-device`: the name of the device that computes, NULL until the
/// model is loaded.
void installActiveDeviceProperty(GObjectClass* klass, guint id);

}  // namespace npuspeech::gst
