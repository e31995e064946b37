// SPDX-License-Identifier: LGPL-2.1-or-later
// How audio is cut, and the properties that hold it: npumel's and nputranscriber's.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "speech/audio/silero_vad.h"
#include "speech/audio/windower.h"

namespace npuspeech::gst {

struct MelSettings {
  std::optional<std::string> vadModel;  // nothing: the cache's; empty: none
  Windower::Options windows;
};

/// Properties in the order of their ids.
enum MelProperty : guint { kVadModel, kVadThreshold, kPreRoll, kHangover, kStep };
constexpr guint kMelProperties = 5;

void installMelProperties(GObjectClass* klass, guint firstId);
/// `property`: a MelProperty. The caller holds the element's object lock.
void setMelProperty(MelSettings& settings, guint property, const GValue* value);
void getMelProperty(const MelSettings& settings, guint property, GValue* value);

/// What a word waits in npumel, at most, for the first live window that has all of it.
GstClockTime latencyOf(const MelSettings& settings);

/// Whether a voice activity model that is named can be loaded. Errors: NotFound, BadFile.
Result<void> checkVad(const MelSettings& settings);
/// The voice activity model that `settings` name; null where there is to be none. Where the cache has none,
/// `element` posts a warning and does without. Errors: NotFound, BadFile for a model that was named.
Result<std::shared_ptr<const SileroWeights>> loadVad(GstElement* element, const MelSettings& settings);

}  // namespace npuspeech::gst
