// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/boundary.h"

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

void post(GstElement* element, GstMessageType type, GstCode code, const char* text) {
  gst_element_message_full(element, type, code.domain, code.code, g_strdup(text), nullptr, __FILE__,
                           "npuspeech", __LINE__);
}

}  // namespace

void postError(GstElement* element, const Error& error) {
  if (error.code == ErrorCode::Cancelled) return;
  post(element, GST_MESSAGE_ERROR, gstCode(error.code), error.message.c_str());
}

void postWarning(GstElement* element, const Error& error) {
  post(element, GST_MESSAGE_WARNING, gstCode(error.code), error.message.c_str());
}

void postException(GstElement* element, const char* what) noexcept {
  gst_element_message_full(element, GST_MESSAGE_ERROR, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
                           g_strdup("Internal error of the npuspeech plugin. Please report it."),
                           g_strdup(what), __FILE__, "npuspeech", __LINE__);
}

}  // namespace npuspeech::gst
