// SPDX-License-Identifier: LGPL-2.1-or-later
// How long one sound of a file is by its own header; the whole file may be longer.
#include "promise.h"

#include <algorithm>
#include <vector>

#include "avi.h"
#include "boxes.h"
#include "completeness.h"
#include "file_bytes.h"
#include "flv.h"

namespace {

int64_t nsOf(uint64_t units, uint64_t unitsPerSecond) {
  return static_cast<int64_t>(static_cast<double>(units) * 1e9 / static_cast<double>(unitsPerSecond));
}

int64_t ofAvi(FileBytes& file, uint64_t stream) {
  // What other software takes for a length that nobody knew.
  constexpr uint64_t kUnknown = 0x1fffc000;
  const auto header = stream > 0 ? aviStream(file, stream - 1) : std::nullopt;
  if (!header || header->rate == 0 || header->length > kUnknown) return 0;
  return nsOf(header->length * header->scale, header->rate);
}

/// The fields of a header box whose times have 4 or, by its version, 8 bytes.
struct Fields {
  uint64_t data;
  bool isLong;

  Fields(FileBytes& file, const Box& box) : data(box.data + 4), isLong(file.at(box.data) == 1) {}
  /// Behind `times` times.
  uint64_t at(uint64_t times) const { return data + times * bytes(); }
  int bytes() const { return isLong ? 8 : 4; }
};

struct Scaled {
  uint64_t unitsPerSecond, units;
};

/// Of "mvhd" and "mdhd"; a length that is not known is all ones.
Scaled durationIn(FileBytes& file, const Box& header) {
  const Fields fields(file, header);
  const uint64_t units = file.bigEndian(fields.at(2) + 4, fields.bytes());
  const bool isKnown = units != (fields.isLong ? UINT64_MAX : UINT32_MAX);
  return {file.bigEndian(fields.at(2), 4), isKnown ? units : 0};
}

uint64_t unitsIn(FileBytes& file, const Box& timeToSample) {
  uint64_t units = 0;
  const uint64_t entries = file.bigEndian(timeToSample.data + 4, 4);
  const uint64_t end = std::min(timeToSample.end, file.size());
  for (uint64_t i = 0, at = timeToSample.data + 8; i < entries && at + 8 <= end; i++, at += 8)
    units += file.bigEndian(at, 4) * file.bigEndian(at + 4, 4);
  return units;
}

/// What edits leave of `mediaNs`, with the gaps that they put in front.
int64_t editedNs(FileBytes& file, const Box& edits, uint64_t movieUnits, uint64_t mediaUnits,
                 int64_t mediaNs) {
  const Fields fields(file, edits);
  const uint64_t count = file.bigEndian(fields.data, 4), bytes = fields.isLong ? 20 : 12;
  const uint64_t end = std::min(edits.end, file.size());
  int64_t ns = 0;
  for (uint64_t i = 0, at = fields.data + 4; i < count && at + bytes <= end; i++, at += bytes) {
    const int64_t lengthNs = nsOf(file.bigEndian(at, fields.bytes()), movieUnits);
    const uint64_t from = file.bigEndian(at + static_cast<uint64_t>(fields.bytes()), fields.bytes());
    const bool isGap = from == (fields.isLong ? UINT64_MAX : UINT32_MAX);
    const int64_t restNs = std::max<int64_t>(mediaNs - nsOf(from, mediaUnits), 0);
    ns += isGap ? lengthNs : lengthNs == 0 ? restNs : std::min(lengthNs, restNs);
  }
  return ns;
}

std::optional<int64_t> ofTrack(FileBytes& file, const Box& track, uint64_t movieUnits) {
  const auto media = findBox(file, track, "mdia");
  const auto header = findBox(file, media, "mdhd");
  if (!header) return {};
  const auto times = findBox(file, findBox(file, findBox(file, media, "minf"), "stbl"), "stts");
  const Scaled duration = durationIn(file, *header);
  uint64_t units = times ? unitsIn(file, *times) : 0;
  if (units == 0 || (duration.units > 0 && duration.units < units)) units = duration.units;
  if (units == 0 || duration.unitsPerSecond == 0) return {};
  const int64_t mediaNs = nsOf(units, duration.unitsPerSecond);
  const auto edits = findBox(file, findBox(file, track, "edts"), "elst");
  if (!edits || movieUnits == 0 || file.bigEndian(edits->data + 4, 4) == 0) return mediaNs;
  return editedNs(file, *edits, movieUnits, duration.unitsPerSecond, mediaNs);
}

uint64_t idOf(FileBytes& file, const Box& track) {
  const auto head = findBox(file, track, "tkhd");
  return head ? file.bigEndian(Fields(file, *head).at(2), 4) : 0;
}

bool isSound(FileBytes& file, const Box& track) {
  constexpr uint64_t kKind = 8;
  const auto handler = findBox(file, findBox(file, track, "mdia"), "hdlr");
  return handler && file.has(handler->data + kKind, "soun");
}

std::vector<Box> tracksOf(FileBytes& file, const std::optional<Box>& movie) {
  std::vector<Box> tracks;
  for (auto track = findBox(file, movie, "trak"); track;
       track = findBox(file, track->end, movie->end, "trak"))
    tracks.push_back(*track);
  return tracks;
}

std::optional<int64_t> ofMovie(FileBytes& file, uint64_t id) {
  const auto movie = findBox(file, 0, file.size(), "moov");
  const auto header = findBox(file, movie, "mvhd");
  if (!header || findBox(file, movie, "mvex")) return {};
  const uint64_t movieUnits = durationIn(file, *header).unitsPerSecond;
  for (const Box& track : tracksOf(file, movie))
    if (idOf(file, track) == id) return ofTrack(file, track, movieUnits);
  return {};
}

}  // namespace

std::optional<int64_t> promisedNs(const std::string& path, uint64_t stream) {
  FileBytes file(path);
  if (isAvi(file)) return ofAvi(file, stream);
  if (file.has(0, "FLV")) {
    const auto ms = lastSoundMs(file);
    return ms ? std::optional(nsOf(*ms, 1000)) : std::nullopt;
  }
  return boxAt(file, 0) ? ofMovie(file, stream) : std::nullopt;
}

std::optional<int64_t> promisedNsOfSound(const std::string& path, size_t index) {
  FileBytes file(path);
  if (!boxAt(file, 0)) return {};
  for (const Box& track : tracksOf(file, findBox(file, 0, file.size(), "moov")))
    if (isSound(file, track) && index-- == 0) return ofMovie(file, idOf(file, track));
  return {};
}

bool holdsNoMore(const std::string& path, uint64_t stream, uint64_t bytes) {
  if (isCutShort(path)) return false;
  FileBytes file(path);
  return isAvi(file) && stream > 0 && aviSoundBytes(file, stream - 1).value_or(UINT64_MAX) <= bytes;
}
