// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder's settings, and the properties that hold them: npuwhisperdec's and nputranscriber's.
#pragma once

#include <gst/gst.h>

#include "speech/text/captions.h"
#include "speech/whisper/engine.h"

#define GST_TYPE_NPU_TASK (gst_npu_task_get_type())
GType gst_npu_task_get_type();
#define GST_TYPE_NPU_GRANULARITY (gst_npu_granularity_get_type())
GType gst_npu_granularity_get_type();

namespace npuspeech::gst {

struct DecoderSettings {
  EngineOptions engine;
  StreamOptions stream;
  CaptionOptions captions;
  /// Property latency. The default covers the worst case on two cores: a stream's first words wait for 3 s of
  /// audio.
  GstClockTime latency = 4 * GST_SECOND;
  /// Property translate-latency: the time that translations need beyond `latency`.
  GstClockTime translateLatency = 4 * GST_SECOND;
  /// Property lateness: the time by which text is delayed against its audio.
  GstClockTime lateness = 0;
};

/// The properties, in the order of their ids.
enum DecoderProperty : guint {
  kLanguage,
  kTask,
  kPrompt,
  kBeamSize,
  kGranularity,
  kLineLength,
  kLines,
  kLatency,
  kTranslateLatency,
  kLateness
};
constexpr guint kDecoderProperties = 10;

/// Installs all of DecoderProperty with ids from `firstId` on.
void installDecoderProperties(GObjectClass* klass, guint firstId);
/// Installs the read-only property `max-observed-delay`, in ms.
void installMaxObservedDelayProperty(GObjectClass* klass, guint id);
/// Sets one DecoderProperty. The caller holds the element's object lock.
void setDecoderProperty(DecoderSettings& settings, guint property, const GValue* value);
/// Returns the language of a code such as "en-US" by the name that models use: "en".
std::string primaryLanguage(const std::string& code);
/// Reads one DecoderProperty.
void getDecoderProperty(const DecoderSettings& settings, guint property, GValue* value);

}  // namespace npuspeech::gst
