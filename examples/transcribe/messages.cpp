// SPDX-License-Identifier: LGPL-2.1-or-later
// What GStreamer's errors mean to who gave the input.
#include "messages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "location.h"

namespace {

/// An error that only follows from another one.
bool isFollowUp(const GError* error) {
  return g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED);
}

std::string missing(const GError* error, const ErrorContext& context) {
  // The source's own error, about the scheme.
  if (const std::string line = oneLine(error->message); line.starts_with("No URI handler"))
    return "no installed plugin reads \"" + context.uri.substr(0, context.uri.find(':')) +
           ":\"; give a file, or a URI such as https:// or rtsp://";
  if (isEncrypted(context.undecodable)) return "is encrypted; only a copy without protection can be heard";
  if (!context.undecodable.empty())
    return "has audio of a kind that no installed decoder knows: " + context.undecodable;
  if (isForeign(context.kind)) return "is no recording but " + context.kind;
  if (context.kind == "application/x-gst-av-nut" && context.uri.starts_with("fd:"))
    return "is NUT, which can be read from a file only, not from a pipe";
  return "has no audio";
}

}  // namespace

// Those of containers begin with "application/" too.
bool isForeign(const std::string& kind) {
  if (kind.starts_with("image/") || kind.starts_with("text/")) return true;
  static constexpr const char* kKinds[] = {
      "application/pdf",   "application/zip",          "application/x-gzip", "application/x-bzip",
      "application/x-rar", "application/x-executable", "application/x-tar",  "application/msword"};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

bool isEncrypted(const std::string& kind) {
  return kind == "application/x-cenc" || kind == "application/x-cbcs" || kind == "application/x-webm-enc";
}

std::string oneLine(std::string line) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

GError* rootOf(GstMessage* message, GstBus* bus) {
  GError* root = nullptr;
  gst_message_parse_error(message, &root, nullptr);
  while (isFollowUp(root)) {
    GstMessage* other = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    if (!other) break;
    GError* next = nullptr;
    gst_message_parse_error(other, &next, nullptr);
    if (!isFollowUp(next)) std::swap(root, next);
    g_clear_error(&next);
    gst_message_unref(other);
  }
  return root;
}

std::string sentenceOf(const GError* error, const ErrorContext& context) {
  const bool isFromServer = error->domain == GST_RESOURCE_ERROR &&
                            error->code != GST_RESOURCE_ERROR_OPEN_READ &&
                            error->code != GST_RESOURCE_ERROR_OPEN_READ_WRITE;
  if (error->domain == GST_CORE_ERROR && error->code == GST_CORE_ERROR_MISSING_PLUGIN)
    return missing(error, context);
  if (!isFromServer)
    if (const std::string reason = unreachable(context.uri); !reason.empty()) return oneLine(reason);
  if (error->domain == GST_STREAM_ERROR) {
    switch (error->code) {
      case GST_STREAM_ERROR_TYPE_NOT_FOUND:
        return "is of no kind that is known: neither sound nor film";
      case GST_STREAM_ERROR_DECRYPT:
      case GST_STREAM_ERROR_DECRYPT_NOKEY:
        return "is encrypted; only a copy without protection can be heard";
      case GST_STREAM_ERROR_FAILED:
        if (!context.kind.empty())
          return "cannot be decoded as " + context.kind + "; convert it to WAV or FLAC first";
        break;
      default:
        break;
    }
  }
  const std::string line = oneLine(error->message);
  if (context.uri.starts_with("http") && error->domain == GST_RESOURCE_ERROR)
    return "the server says: " + line;
  return line;
}
