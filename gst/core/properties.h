// SPDX-License-Identifier: LGPL-2.1-or-later
// Flags of our properties, and their values.
#pragma once

#include <gst/gst.h>

#include <string>

namespace npuspeech::gst {

constexpr auto kReadWrite = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
constexpr auto kReadOnly = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
/// Such a property may be set until the element goes to PAUSED.
constexpr auto kSetInReady = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_READY);
/// Such a property may be set in every state.
constexpr auto kSetAlways = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_PLAYING);

/// Returns a property's text, which is empty for NULL.
inline std::string stringOf(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text ? text : "";
}

}  // namespace npuspeech::gst
