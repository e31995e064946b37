// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an input is: a file, or something behind a URI.
#include "location.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gst/gst.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace {

constexpr guint kConnectSeconds = 5;

std::string taken(gchar* text) {
  std::string result = text ? text : "";
  g_free(text);
  return result;
}

/// Why a file cannot be read, empty where it can be.
std::string unreadable(const std::string& path) {
  struct stat there {};
  // A pipe or a device must not wait here for its other end.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int reason = errno;
  if (descriptor < 0 && reason == ENOENT) return "no such file";
  if (descriptor < 0) return std::string("cannot be read: ") + std::strerror(reason);
  const bool known = ::fstat(descriptor, &there) == 0;
  ::close(descriptor);
  if (known && S_ISDIR(there.st_mode)) return "is a folder; name the files in it";
  if (known && S_ISREG(there.st_mode) && there.st_size == 0) return "is empty";
  return {};
}

std::string schemeOf(const std::string& uri) {
  return taken(gst_uri_get_protocol(uri.c_str()));
}

/// What is reached over a connection to its host.
bool isNetwork(const std::string& uri) {
  const std::string scheme = schemeOf(uri);
  return scheme.starts_with("http") || scheme.starts_with("rtsp") || scheme.starts_with("rtmp") ||
         scheme == "ftp";
}

bool hasHost(const std::string& uri) {
  GUri* parsed = g_uri_parse(uri.c_str(), G_URI_FLAGS_PARSE_RELAXED, nullptr);
  const gchar* host = parsed ? g_uri_get_host(parsed) : nullptr;
  const bool has = host && *host;
  if (parsed) g_uri_unref(parsed);
  return has;
}

guint16 portOf(const std::string& scheme) {
  if (scheme == "https") return 443;
  if (scheme == "ftp") return 21;
  if (scheme.starts_with("rtsp")) return 554;
  return scheme.starts_with("rtmp") ? 1935 : 80;
}

}  // namespace

std::string uriOf(const std::string& input, std::string& error) {
  struct stat ignored {};
  const bool isFile = ::lstat(input.c_str(), &ignored) == 0;
  if (!isFile && gst_uri_is_valid(input.c_str())) {
    if (const std::string path = fileOf(input); !path.empty()) error = unreadable(path);
    if (isNetwork(input) && !hasHost(input)) error = "names no host";
    return error.empty() ? input : "";
  }
  error = unreadable(input);
  return error.empty() ? taken(gst_filename_to_uri(input.c_str(), nullptr)) : "";
}

std::string fileOf(const std::string& uri) {
  return gst_uri_has_protocol(uri.c_str(), "file") ? taken(g_filename_from_uri(uri.c_str(), nullptr, nullptr))
                                                   : "";
}

std::string unreachable(const std::string& uri) {
  if (!isNetwork(uri)) return {};
  GError* error = nullptr;
  GSocketClient* client = g_socket_client_new();
  g_socket_client_set_timeout(client, kConnectSeconds);
  GSocketConnection* connection =
      g_socket_client_connect_to_uri(client, uri.c_str(), portOf(schemeOf(uri)), nullptr, &error);
  std::string reason = error ? error->message : "";
  g_clear_error(&error);
  g_clear_object(&connection);
  g_object_unref(client);
  return reason;
}
