// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties that choose an Engine: the same on every element that needs one.
#pragma once

#include <gst/gst.h>

#include <string>

#include "speech/whisper/engine.h"

#define GST_TYPE_NPU_PRECISION (gst_npu_precision_get_type())
GType gst_npu_precision_get_type();

namespace npuspeech::gst {

/// Ids in order from the first: model, device, precision, threads.
enum EngineProperty : guint { kModel, kDevice, kPrecision, kThreads };
constexpr guint kEngineProperties = 4;

constexpr auto kReadWrite = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
constexpr auto kReadOnly = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
/// May be set until the element goes to READY or to PAUSED, or always.
constexpr auto kSetInReady = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_READY);
constexpr auto kSetAlways = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_PLAYING);

void installEngineProperties(GObjectClass* klass, guint firstId);
/// `property`: an EngineProperty. The caller holds the element's object lock.
void setEngineProperty(EngineOptions& options, guint property, const GValue* value);
void getEngineProperty(const EngineOptions& options, guint property, GValue* value);

/// Read-only: the name of the device that computes, NULL until the model is loaded.
void installActiveDeviceProperty(GObjectClass* klass, guint id);

/// A property's text, empty for NULL.
std::string stringOf(const GValue* value);

}  // namespace npuspeech::gst
