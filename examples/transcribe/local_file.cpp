// SPDX-License-Identifier: LGPL-2.1-or-later
#include "local_file.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

std::string descriptorPath(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

int descriptorNamed(const std::string& name) {
  if (name == "/dev/stdin") return STDIN_FILENO;
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!name.starts_with(folder)) continue;
    int number = -1;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + folder.size(), end, number);
    return error == std::errc() && rest == end ? number : -1;
  }
  return -1;
}

std::string pathOf(const std::string& input) {
  if (::access(input.c_str(), F_OK) == 0 || g_ascii_strncasecmp(input.c_str(), "file:", 5) != 0) return input;
  gchar* path = g_filename_from_uri(input.c_str(), nullptr, nullptr);
  std::string result = path ? path : "";
  g_free(path);
  return result;
}

StreamInput::~StreamInput() {
  if (own_ >= 0) ::close(own_);
}

bool StreamInput::isOne(const std::string& input) {
  if (input == "-" || descriptorNamed(input) >= 0) return true;
  struct stat there {};
  return ::stat(pathOf(input).c_str(), &there) == 0 && (S_ISFIFO(there.st_mode) || S_ISCHR(there.st_mode));
}

std::string StreamInput::open(const std::string& input, std::string& error) {
  int descriptor = input == "-" ? STDIN_FILENO : descriptorNamed(input);
  if (descriptor < 0) {
    // A pipe that nobody writes to yet would else hold up all the others.
    descriptor = own_ = ::open(pathOf(input).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor >= 0) ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  }
  struct stat there {};
  if (descriptor < 0 || ::fstat(descriptor, &there) != 0) {
    error = std::string("cannot be opened: ") + std::strerror(errno);
    return {};
  }
  // What can be read anywhere is better opened again: some files have their index at the end.
  const std::string path = descriptorPath(descriptor);
  if (S_ISREG(there.st_mode) && ::lseek(descriptor, 0, SEEK_CUR) == 0 && ::access(path.c_str(), R_OK) == 0)
    return "file://" + path;
  isPipe_ = true;
  return "fd://" + std::to_string(descriptor);
}

std::string StreamInput::openInOrder(const std::string& path, std::string& error) {
  own_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (own_ < 0) error = std::string("cannot be opened: ") + std::strerror(errno);
  return own_ < 0 ? "" : "fd://" + std::to_string(own_);
}
