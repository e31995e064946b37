// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "local_file.h"
#include "signals.h"

namespace {

namespace fs = std::filesystem;

constexpr int kFlags = O_CLOEXEC | O_NOCTTY;
// Leaves room for what is put behind it: a name may have 255 bytes.
constexpr size_t kMaxName = 200;
constexpr int kMaxLinks = 40;  // as the kernel's

bool writeAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {  // somebody else has made it not block
      pollfd until{descriptor, POLLOUT, 0};
      ::poll(&until, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool writeOver(int descriptor, std::string_view text) {
  return ::lseek(descriptor, 0, SEEK_SET) == 0 && writeAll(descriptor, text) &&
         ::ftruncate(descriptor, static_cast<off_t>(text.size())) == 0 && ::fsync(descriptor) == 0;
}

bool readAll(int descriptor, std::string& text) {
  char block[65536];
  ssize_t count = 0;
  while ((count = ::pread(descriptor, block, sizeof block, static_cast<off_t>(text.size()))) > 0)
    text.append(block, static_cast<size_t>(count));
  return count == 0;
}

fs::path folderOf(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

void closeOne(int& descriptor) {
  if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

}  // namespace

Output::~Output() {
  discard();
}

void Output::discard() {
  if (!isWorthKeeping()) dropPartial();
  closeOne(partial_);
  closeOne(old_);
}

bool Output::fail(const char* what) {
  const int reason = errno;
  hasNoReader_ = reason == EPIPE;
  error_ = name_ + ": " + what + ": " + std::strerror(reason);
  if (isWorthKeeping()) error_ += "; what came until then is in " + partialName_;
  return false;
}

bool Output::open() {
  name_ = path_.empty() ? "standard output" : path_;
  int descriptor = path_.empty() ? STDOUT_FILENO : descriptorNamed(path_);
  std::error_code failed;
  for (int links = 0; descriptor < 0 && fs::is_symlink(fs::symlink_status(path_, failed)); links++) {
    if (links == kMaxLinks) return errno = ELOOP, fail("cannot be opened");
    path_ = folderOf(path_) / fs::read_symlink(path_, failed);
    descriptor = descriptorNamed(path_);
  }
  if (descriptor >= 0) {
    stream_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    return stream_ >= 0 || fail("cannot be opened");
  }
  struct stat there {};
  if (::stat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    stream_ = ::open(path_.c_str(), O_WRONLY | kFlags);
    return stream_ >= 0 || fail("cannot be opened");
  }
  return openFile();
}

bool Output::openFile() {
  old_ = ::open(path_.c_str(), O_RDWR | kFlags);
  if (old_ < 0 && errno == EACCES) old_ = ::open(path_.c_str(), O_WRONLY | kFlags);
  if (old_ < 0 && errno != ENOENT) return fail("cannot be written");
  canReplace_ = openPartial() && keepOwnerAndMode();
  if (canReplace_) return true;
  // The folder takes no file of ours, or one that would be somebody else's: the old one's content is changed.
  if (!live_) dropPartial();
  return old_ >= 0 || fail("cannot be created");
}

bool Output::openPartial() {
  if (!fs::path(path_).has_filename()) return errno = EISDIR, false;
  if (!live_ && ::access("/proc/self/fd", X_OK) == 0) {
    partial_ = ::open(folderOf(path_).c_str(), O_TMPFILE | O_WRONLY | kFlags, 0666);
    if (partial_ >= 0) return true;
  }
  return openNamedPartial();  // not every file system has files without a name
}

bool Output::openNamedPartial() {
  const fs::path folder = folderOf(path_);
  const std::string stem = fs::path(path_).filename().string().substr(0, kMaxName);
  for (int number = 1; partial_ < 0; number++) {
    partialName_ = folder / (stem + ".part" + (number > 1 ? std::to_string(number) : ""));
    // What is there of that name may be all that somebody has.
    partial_ = ::open(partialName_.c_str(), O_CREAT | O_EXCL | O_WRONLY | kFlags, old_ < 0 ? 0666 : 0600);
    if (partial_ < 0 && errno != EEXIST) return partialName_.clear(), false;
  }
  if (!live_) Signals::removeAtOnce(partialName_);
  return true;
}

bool Output::keepOwnerAndMode() {
  struct stat old {
  }, mine{};
  if (old_ < 0 || ::fstat(old_, &old) != 0 || ::fstat(partial_, &mine) != 0) return true;
  const bool isOwners = old.st_uid == mine.st_uid && old.st_gid == mine.st_gid;
  return (isOwners || ::fchown(partial_, old.st_uid, old.st_gid) == 0) &&
         ::fchmod(partial_, old.st_mode & 07777) == 0;
}

void Output::dropPartial() {
  const int reason = errno;
  closeOne(partial_);
  if (!partialName_.empty()) ::unlink(partialName_.c_str());
  partialName_.clear();
  Signals::removeAtOnce("");
  errno = reason;
}

bool Output::write(std::string_view text) {
  if (stream_ >= 0) return writeAll(stream_, text) || fail("cannot be written");
  text_ += text;
  return partial_ < 0 || writeAll(partial_, text) || fail("cannot be written");
}

bool Output::commit() {
  if (stream_ >= 0) return ::close(std::exchange(stream_, -1)) == 0 || fail("cannot be written");
  if (partial_ >= 0 && ::fsync(partial_) != 0) return fail("cannot be written");
  if (!(canReplace_ && replace()) && !(old_ >= 0 && overwrite())) return fail("cannot be replaced");
  text_.clear();
  return true;
}

bool Output::replace() {
  const fs::path folder = folderOf(path_);
  for (int number = 0; partialName_.empty(); number++) {
    const std::string name = folder / (".npuspeech-" + std::to_string(::getpid() + number));
    Signals::removeAtOnce(name);
    if (::linkat(AT_FDCWD, descriptorPath(partial_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
      partialName_ = name;
    else if (errno != EEXIST)
      return Signals::removeAtOnce(""), false;
  }
  if (::rename(partialName_.c_str(), path_.c_str()) != 0) return false;
  partialName_.clear();
  Signals::removeAtOnce("");
  int entries = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | kFlags);
  if (entries >= 0) ::fsync(entries);  // some file systems cannot; the file is there all the same
  closeOne(entries);
  return true;
}

bool Output::overwrite() {
  // First all the room that it takes, so that the old text need not go before it is sure that the new one
  // fits.
  std::string before;
  struct stat old {};
  const bool isKnown = readAll(old_, before);
  if (::fstat(old_, &old) != 0) return false;
  const int full = text_.empty() ? 0 : ::posix_fallocate(old_, 0, static_cast<off_t>(text_.size()));
  if (full == ENOSPC || full == EFBIG || full == EDQUOT || full == EIO) {
    (void)!::ftruncate(old_, old.st_size);
    return errno = full, false;
  }
  if (writeOver(old_, text_)) return true;
  const int reason = errno;
  if (isKnown) writeOver(old_, before);
  return errno = reason, false;
}
