// SPDX-License-Identifier: LGPL-2.1-or-later
// FLAC files that are damaged: what of them can be decoded all the same.
#include "flac_check.h"

#include <algorithm>
#include <array>

#include "flac.h"
#include "tags.h"

namespace {

// Frames of which neither the end nor another beginning is found. Sound looks like a header once in
// megabytes.
constexpr size_t kMaxOpen = 16;
// Hours of sound of which each frame is damaged, and some megabytes.
constexpr size_t kMaxPatches = 1 << 17;
// Of files of many parts; no sum overflows.
constexpr int64_t kMaxNs = INT64_MAX / 4;

bool mayBegin(uint8_t byte) {
  return byte == 0xff || byte == 'f';
}

/// Looks at all that may be a frame's header. A frame ends where the checksum from its beginning comes out
/// right, or, with wrong bits, where the frame that is to follow it begins. What looks like a header in the
/// middle of a frame is neither.
class FrameCheck {
 public:
  explicit FrameCheck(FileBytes& file) : file_(file), end_(endOfSound(file)) {}

  FlacCheck run(const FlacStream& first) {
    begin(first);
    while (offset_ < end_) {
      if (mayBegin(file_.at(offset_)) && lookAtStream()) continue;
      const auto piece = file_.from(offset_);
      const auto bytes = piece.first(std::min<uint64_t>(piece.size(), end_ - offset_));
      if (bytes.empty()) break;
      advance(bytes.first(
          static_cast<size_t>(std::find_if(bytes.begin() + 1, bytes.end(), mayBegin) - bytes.begin())));
    }
    endStream();
    return std::move(found_);
  }

 private:
  struct Open {
    uint64_t offset;
    uint16_t checksum;  // of what was read since
    bool isExpected;    // the frame before ends here
    std::optional<FlacFrame> header;
  };

  void begin(const FlacStream& stream) {
    stream_ = stream;
    offset_ = stream.frames;
    open_ = {{offset_, 0, true, {}}};
    usualSamples_ = biggestBytes_ = 0;
    smallestBytes_ = UINT64_MAX;
    hasOneSize_ = false;
  }

  /// True where another file's begin was put here.
  bool lookAtStream() {
    if (const auto frame = flacFrameAt(file_, offset_)) lookAtFrame(*frame);
    const auto stream = flacStreamAt(file_, offset_);
    if (!stream) return false;
    endStream();
    begin(*stream);
    return true;
  }

  void lookAtFrame(const FlacFrame& frame) {
    for (const Open& open : open_) {
      if (open.offset == offset_) break;
      const bool isWhole = open.checksum == 0,
                 isNext = open.header && open.header->isFollowedBy(frame.number);
      if (!isWhole && !isNext) continue;
      found_.isDamaged |= !isWhole || !open.isExpected || isMissing(open, frame, isNext);
      if (!isWhole) mend(open.offset, offset_);
      keepSize(open);
      open_.clear();
      break;
    }
    const bool isExpected = open_.empty() || open_.back().offset == offset_;
    if (!open_.empty() && isExpected) open_.pop_back();
    if (open_.size() == kMaxOpen) open_.erase(open_.begin());
    if (usualSamples_ == 0) usualSamples_ = frame.samples;
    found_.isVariable |= isExpected && frame.isVariable;
    open_.push_back({offset_, 0, isExpected, frame});
  }

  /// Whether frames are between these two.
  static bool isMissing(const Open& open, const FlacFrame& next, bool isNext) {
    return open.header && !isNext && next.number > open.header->number;
  }

  uint64_t endSampleOf(const Open& open) const {
    if (!open.header) return 0;
    return open.header->number * (open.header->isVariable ? 1 : usualSamples_) + open.header->samples;
  }

  void keepSize(const Open& open) {
    smallestBytes_ = std::min(smallestBytes_, offset_ - open.offset);
    biggestBytes_ = std::max(biggestBytes_, offset_ - open.offset);
    hasOneSize_ = open.header && !open.header->isVariable && open.header->samples == usualSamples_ &&
                  (hasOneSize_ || open.offset == stream_.frames);
  }

  /// Parsers skip as much as the smallest frame has, and count samples in frames of one size.
  void mendSizes() {
    const auto field = [this](uint64_t offset, int bytes) {
      return file_.bigEndian(stream_.info + offset, bytes);
    };
    if (biggestBytes_ > 0 &&
        (field(4, 3) > smallestBytes_ || (field(7, 3) > 0 && field(7, 3) < biggestBytes_)))
      found_.patches.push_back({stream_.info + 4, std::vector<uint8_t>(6)});  // not known
    if (!hasOneSize_ || field(2, 2) == usualSamples_) return;
    const auto high = static_cast<uint8_t>(usualSamples_ >> 8), low = static_cast<uint8_t>(usualSamples_);
    found_.patches.push_back({stream_.info, {high, low, high, low}});
  }

  void mend(uint64_t begin, uint64_t end) {
    if (found_.patches.size() == kMaxPatches) return;
    uint16_t checksum = 0;
    for (uint64_t at = begin; at + 2 < end;) {
      const auto piece = file_.from(at);
      const auto bytes = piece.first(std::min<uint64_t>(piece.size(), end - 2 - at));
      if (bytes.empty()) return;
      checksum = flacChecksum(checksum, bytes);
      at += bytes.size();
    }
    found_.patches.push_back(
        {end - 2, {static_cast<uint8_t>(checksum >> 8), static_cast<uint8_t>(checksum)}});
  }

  void advance(std::span<const uint8_t> bytes) {
    for (Open& open : open_) open.checksum = flacChecksum(open.checksum, bytes);
    offset_ += bytes.size();
  }

  void endStream() {
    mendSizes();
    // The last frame's end is known where another one's is: where it is whole.
    const auto whole = std::find_if(open_.begin(), open_.end(), [this](const Open& open) {
      return open.checksum == 0 && open.header && open.offset < offset_;
    });
    const Open& last = whole == open_.end() ? open_.front() : *whole;
    found_.isDamaged |= !last.isExpected;
    if (found_.isDamaged && whole == open_.end() && endSampleOf(last) == stream_.samples)
      mend(last.offset, offset_);
    found_.promisedNs = std::min(found_.promisedNs + stream_.nsOf(stream_.samples), kMaxNs);
    // Where samples are counted though sizes do not vary, what comes of the number is too much.
    const uint64_t end =
        stream_.samples > 0 ? std::min(endSampleOf(last), stream_.samples) : endSampleOf(last);
    found_.endNs = std::min(found_.endNs + stream_.nsOf(end), kMaxNs);
  }

  FileBytes& file_;
  const uint64_t end_;
  FlacStream stream_{};
  uint64_t offset_ = 0;
  std::vector<Open> open_;  // oldest first
  // Of the frames whose begin and end are known.
  uint64_t usualSamples_ = 0, smallestBytes_ = 0, biggestBytes_ = 0;
  bool hasOneSize_ = false;
  FlacCheck found_;
};

}  // namespace

FlacCheck checkFlac(const std::string& path) {
  FileBytes file(path);
  const auto stream = flacStreamAt(file, behindId3(file));
  if (!stream || stream->rate == 0) return {};
  return FrameCheck(file).run(*stream);
}
