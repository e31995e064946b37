// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/elements/mel_settings.h"

#include <algorithm>

#include "gst/core/boundary.h"
#include "gst/core/holders.h"
#include "gst/elements/engine_properties.h"

namespace npuspeech::gst {

void installMelProperties(GObjectClass* klass, guint id) {
  const Windower::Options defaults;
  const auto install = [&](GParamSpec* spec) { g_object_class_install_property(klass, id++, spec); };
  const auto milliseconds = [&](const char* name, const char* nick, const char* blurb, guint low, guint high,
                                int value) {
    install(g_param_spec_uint(name, nick, blurb, low, high, static_cast<guint>(value), kSetInReady));
  };
  install(
      g_param_spec_string("vad-model", "VAD model",
                          "Silero's voice activity model (safetensors); NULL for the cache's, empty for none",
                          nullptr, kSetInReady));
  install(g_param_spec_float("vad-threshold", "VAD threshold",
                             "Probability of speech that starts an utterance", 0.05f, 0.95f, defaults.vadOn,
                             kSetInReady));
  milliseconds("pre-roll", "Pre-roll", "Audio kept before speech starts, ms", 0, 2000, defaults.preRollMs);
  milliseconds("hangover", "Hangover", "Silence that ends an utterance when live, ms", 100, 5000,
               defaults.hangoverMs);
  milliseconds("step", "Step", "Audio between the windows of an utterance when live, ms", 100, 5000,
               defaults.stepMs);
}

void setMelProperty(MelSettings& settings, guint property, const GValue* value) {
  Windower::Options& windows = settings.windows;
  switch (property) {
    case kVadModel:
      settings.vadModel.reset();
      if (g_value_get_string(value)) settings.vadModel = g_value_get_string(value);
      break;
    case kVadThreshold:
      windows.vadOn = g_value_get_float(value);
      // Silero ends speech a little below where it starts it.
      windows.vadOff = std::max(windows.vadOn - 0.15f, 0.01f);
      break;
    case kPreRoll:
      windows.preRollMs = static_cast<int>(g_value_get_uint(value));
      break;
    case kHangover:
      windows.hangoverMs = static_cast<int>(g_value_get_uint(value));
      break;
    case kStep:
      windows.stepMs = static_cast<int>(g_value_get_uint(value));
      break;
    default:
      break;
  }
}

void getMelProperty(const MelSettings& settings, guint property, GValue* value) {
  const Windower::Options& windows = settings.windows;
  switch (property) {
    case kVadModel:
      g_value_set_string(value, settings.vadModel ? settings.vadModel->c_str() : nullptr);
      break;
    case kVadThreshold:
      g_value_set_float(value, windows.vadOn);
      break;
    case kPreRoll:
      g_value_set_uint(value, static_cast<guint>(windows.preRollMs));
      break;
    case kHangover:
      g_value_set_uint(value, static_cast<guint>(windows.hangoverMs));
      break;
    case kStep:
      g_value_set_uint(value, static_cast<guint>(windows.stepMs));
      break;
    default:
      break;
  }
}

GstClockTime latencyOf(const MelSettings& settings) {
  Windower::Options options = settings.windows;
  options.live = true;
  return static_cast<GstClockTime>(Windower::latencyNs(options));
}

Result<void> checkVad(const MelSettings& settings) {
  if (!settings.vadModel || settings.vadModel->empty()) return {};
  if (const auto loaded = SileroWeights::load(*settings.vadModel); !loaded) return loaded.error();
  return {};
}

Result<std::shared_ptr<const SileroWeights>> loadVad(GstElement* element, const MelSettings& settings) {
  const std::shared_ptr<const SileroWeights> none;
  if (settings.vadModel && settings.vadModel->empty()) return none;
  if (settings.vadModel) return SileroWeights::load(*settings.vadModel);
  const Held<char> cached(g_build_filename(g_get_user_cache_dir(), "npuspeech", "models", "silero-vad",
                                           "silero_vad_16k.safetensors", nullptr));
  auto weights = SileroWeights::load(cached.get());
  if (weights || weights.error().code != ErrorCode::NotFound) return weights;
  postWarning(element,
              {ErrorCode::NotFound, "There is no voice activity model at " + std::string(cached.get()) +
                                        ": all audio counts as speech. Run tools/prepare to get it, or set "
                                        "vad-model to its path or to \"\"."});
  return none;
}

}  // namespace npuspeech::gst
