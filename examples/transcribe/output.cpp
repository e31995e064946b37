// SPDX-License-Identifier: LGPL-2.1-or-later
// Where transcripts go: standard output, or a file that appears whole or not at all.
#include "output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

Output::~Output() {
  if (file_ && file_ != stdout) std::fclose(file_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

bool Output::fail(const char* what) {
  const int reason = errno;
  error_ = (path_.empty() ? "standard output" : path_) + ": " + what + ": " + std::strerror(reason);
  return false;
}

bool Output::open() {
  if (path_.empty()) {
    file_ = stdout;
    return true;
  }
  struct stat there {};
  if (::stat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    file_ = std::fopen(path_.c_str(), "w");
    return file_ || fail("cannot be opened");
  }
  partial_ = path_ + ".XXXXXX";
  const int descriptor = ::mkstemp(partial_.data());
  if (descriptor < 0) {
    partial_.clear();
    return fail("cannot be created");
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor, 0666 & ~mask);  // mkstemp's are for the owner alone
  file_ = ::fdopen(descriptor, "w");
  return file_ || fail("cannot be created");
}

bool Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0) return true;
  return fail("cannot be written");
}

bool Output::commit() {
  std::FILE* file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0) return fail("cannot be written");
  if (partial_.empty()) return true;
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return fail("cannot be replaced");
  partial_.clear();
  return true;
}
