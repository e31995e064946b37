// SPDX-License-Identifier: LGPL-2.1-or-later
// How audio is cut into windows, and the properties of npumel and nputranscriber that set it.
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
  /// The file of the voice activity model. Unset: the one in the cache. Empty text: no model.
  std::optional<std::string> vadModel;
  Windower::Options windows;
};

/// The properties, in the order of their ids.
enum MelProperty : guint { kVadModel, kVadThreshold, kPreRoll, kHangover, kStep };
constexpr guint kMelProperties = 5;

/// Installs all of MelProperty with ids from `firstId` on.
void installMelProperties(GObjectClass* klass, guint firstId);
/// Sets one MelProperty. The caller holds the element's object lock.
void setMelProperty(MelSettings& settings, guint property, const GValue* value);
/// Reads one MelProperty.
void getMelProperty(const MelSettings& settings, guint property, GValue* value);

/// The longest time that a word waits in npumel for the first live window that holds all of it.
GstClockTime latencyOf(const MelSettings& settings);

/// Checks that the voice activity model can be loaded, where `settings` names one. Errors: NotFound, BadFile.
Result<void> checkVad(const MelSettings& settings);
/// Loads the voice activity model that `settings` ask for; null where they ask for none. Where the cache is
/// to hold it and does not, posts a warning on `element` and returns null. Errors: NotFound where a named
/// model is missing; BadFile.
Result<std::shared_ptr<const SileroWeights>> loadVad(GstElement* element, const MelSettings& settings);

}  // namespace npuspeech::gst
