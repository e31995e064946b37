// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/core/boundary.h"

#include <memory>
#include <string>

namespace npuspeech::gst {
namespace {

struct GstCode {
  GQuark domain;
  int code;
};

GstCode gstCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotFound:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND};
    case ErrorCode::BadFile:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ};
    case ErrorCode::BadValue:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS};
    case ErrorCode::Unsupported:
      return {GST_CORE_ERROR, GST_CORE_ERROR_NOT_IMPLEMENTED};
    case ErrorCode::NoDevice:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    case ErrorCode::DeviceFailed:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
    case ErrorCode::OutOfMemory:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT};
    case ErrorCode::Cancelled:
    case ErrorCode::Internal:
      break;
  }
  return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
}

const char* nameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotFound:
      return "not found";
    case ErrorCode::BadFile:
      return "bad file";
    case ErrorCode::BadValue:
      return "bad value";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::NoDevice:
      return "no device";
    case ErrorCode::DeviceFailed:
      return "device failed";
    case ErrorCode::OutOfMemory:
      return "out of memory";
    case ErrorCode::Cancelled:
      return "cancelled";
    case ErrorCode::Internal:
      break;
  }
  return "internal";
}

/// " name=value" for each property of the element's own that somebody has set: it is not at its default.
void appendProperties(std::string& text, GstElement* element) {
  guint count = 0;
  GParamSpec** const specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
  const std::unique_ptr<GParamSpec*, decltype(&g_free)> owned(specs, g_free);
  for (guint i = 0; i < count; ++i) {
    const bool canBeSet = (specs[i]->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE;
    if (!canBeSet || g_type_is_a(GST_TYPE_BIN, specs[i]->owner_type)) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(specs[i]));
    g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
    const Held<char> shown(g_param_value_defaults(specs[i], &value) ? nullptr : gst_value_serialize(&value));
    g_value_unset(&value);
    if (shown) text.append(" ").append(specs[i]->name).append("=").append(shown.get());
  }
}

std::string debugText(GstElement* element, const Error& error) {
  std::string text = std::string("Kind: ") + nameOf(error.code) + ". Set up with:";
  appendProperties(text, element);
  return text;
}

void post(GstElement* element, GstMessageType type, const Error& error, SourcePlace place) {
  const GstCode code = gstCode(error.code);
  Held<char> text = printable(error.message), debug = printable(debugText(element, error));
  gst_element_message_full(element, type, code.domain, code.code, text.release(), debug.release(), place.file,
                           place.function, place.line);
}

}  // namespace

void postError(GstElement* element, const Error& error, SourcePlace place) {
  if (error.code != ErrorCode::Cancelled) post(element, GST_MESSAGE_ERROR, error, place);
}

void postWarning(GstElement* element, const Error& error, SourcePlace place) {
  post(element, GST_MESSAGE_WARNING, error, place);
}

Held<char> printable(std::string_view text) {
  Held<char> valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
  GString* const shown = g_string_new(nullptr);
  for (const char* at = valid.get(); *at; at = g_utf8_next_char(at)) {
    const gunichar character = g_utf8_get_char(at);
    g_string_append_unichar(shown, g_unichar_iscntrl(character) ? 0xFFFD : character);
  }
  return Held<char>(g_string_free(shown, FALSE));
}

void postException(GstElement* element, const char* what, SourcePlace place) noexcept {
  if (!element) {
    GST_ERROR("%s(%d): %s", place.file, place.line, what);
    return;
  }
  gst_element_message_full(element, GST_MESSAGE_ERROR, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
                           g_strdup("Internal error of the npuspeech plugin. Please report it."),
                           printable(what).release(), place.file, place.function, place.line);
}

}  // namespace npuspeech::gst
