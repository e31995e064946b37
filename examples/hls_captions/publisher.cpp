// SPDX-License-Identifier: LGPL-2.1-or-later
#include "publisher.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <utility>

namespace {

constexpr size_t kWindow = 6;  // segments that a live playlist lists
/// Players begin three segments before the newest; some wait for ever where there are fewer at first.
constexpr int64_t kAtFirst = 3;
/// A segment that is no longer listed stays for its own duration and that of the longest playlist that had it
/// (RFC 8216, 6.2.2).
constexpr int64_t kKept = kWindow + 1 + kWindow;

}  // namespace

Publisher::Publisher(std::filesystem::path folder, PlaylistKind kind, std::string language)
    : folder_(std::move(folder)), kind_(kind), language_(std::move(language)) {}

bool Publisher::fail(const std::filesystem::path& file, const std::string& reason) {
  error_ = file.string() + ": " + reason;
  return false;
}

bool Publisher::prepare() {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) return fail(folder_, "the folder cannot be made: " + failed.message());
  if (::access(folder_.c_str(), W_OK | X_OK) != 0)
    return fail(folder_, std::string("the folder cannot be written to: ") + std::strerror(errno));
  for (const std::string& name : {std::string(kMultivariant), kMedia.playlist(), kCaptions.playlist()}) {
    std::filesystem::remove(folder_ / name, failed);
    if (failed) return fail(folder_ / name, "cannot be removed: " + failed.message());
  }
  return true;
}

void Publisher::describe(int bitsPerSecond, std::string codecs) {
  bitsPerSecond_ = bitsPerSecond;
  codecs_ = std::move(codecs);
}

bool Publisher::open(std::filesystem::path file, int64_t startNs) {
  pending_.push_back({{count_++, startNs, startNs}, std::move(file)});
  return publishReady();
}

bool Publisher::close(int64_t endNs) {
  if (pending_.empty()) return true;
  pending_.back().segment.endNs = endNs;
  pending_.back().isClosed = true;
  return publishReady();
}

bool Publisher::textUntil(int64_t untilNs) {
  textNs_ = std::max(textNs_, untilNs);
  return publishReady();
}

bool Publisher::isComplete(const Pending& pending) const {
  return pending.isClosed && pending.segment.endNs <= textNs_;
}

bool Publisher::publishReady() {
  // The newest waits until it is known whether it is the last.
  while (pending_.size() > 1 && isComplete(pending_.front())) {
    if (!publish(pending_.front(), pending_.front().segment.endNs)) return false;
    pending_.pop_front();
  }
  return true;
}

bool Publisher::finish() {
  bool isWritten = publishReady();
  if (isWritten && pending_.size() == 1 && isComplete(pending_.front())) {
    isWritten = publish(pending_.front(), std::numeric_limits<int64_t>::max());
    pending_.pop_front();
  }
  std::error_code ignored;
  for (const Pending& rest : pending_) std::filesystem::remove(rest.file, ignored);
  pending_.clear();
  return isWritten && (listed_.empty() || (writePlaylists(true) && writeMultivariant()));
}

bool Publisher::publish(const Pending& next, int64_t textEndNs) {
  const Segment& segment = next.segment;
  const std::filesystem::path media = folder_ / kMedia.file(segment.number);
  std::error_code failed;
  std::filesystem::rename(next.file, media, failed);
  if (failed) return fail(media, "cannot be written: " + failed.message());
  if (!write(kCaptions.file(segment.number), captions_.cut(segment.startNs, textEndNs))) return false;
  listed_.push_back(segment);
  if (kind_ == PlaylistKind::Live && listed_.size() > kWindow) listed_.pop_front();
  if (!writePlaylists(false)) return false;
  if (kind_ == PlaylistKind::Live) remove(segment.number - kKept);
  return segment.number + 1 != kAtFirst || writeMultivariant();
}

bool Publisher::writeMultivariant() {
  return write(kMultivariant, multivariantPlaylist(language_, bitsPerSecond_, codecs_));
}

bool Publisher::writePlaylists(bool isEnded) {
  // The captions' first: who sees a media segment finds its text.
  return write(kCaptions.playlist(), mediaPlaylist(kCaptions, listed_, kind_, isEnded)) &&
         write(kMedia.playlist(), mediaPlaylist(kMedia, listed_, kind_, isEnded));
}

bool Publisher::write(const std::string& name, const std::string& text) {
  const std::filesystem::path file = folder_ / name, partial = folder_ / (name + ".part");
  std::ofstream stream(partial, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return fail(file, std::string("cannot be written: ") + std::strerror(errno));
  std::error_code failed;
  std::filesystem::rename(partial, file, failed);
  return !failed || fail(file, "cannot be written: " + failed.message());
}

void Publisher::remove(int64_t number) {
  std::error_code ignored;
  if (number < 0) return;
  for (const Track& track : {kMedia, kCaptions})
    std::filesystem::remove(folder_ / track.file(number), ignored);
}
