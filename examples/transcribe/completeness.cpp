// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a recording's file ends where its format says that it ends: formats that say how long they are.
#include "completeness.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "boxes.h"
#include "ebml.h"
#include "flac.h"
#include "tags.h"
#include "wave_chunks.h"

namespace {

using namespace std::string_view_literals;

// Some writers count their own header, or a byte that fills up, into the size.
constexpr uint64_t kSlack = 64;
// What writers into pipes put where a size belongs: all ones, or about the most that other software takes,
// with or without the headers.
constexpr uint64_t kUnknown32 = 0x7fff0000, kUnknownSox = 0x7f000000, kUnknownSlack = 0x10000;
// Rounding of times; less than a frame of FLAC, of which a cut takes one at least.
constexpr int64_t kShortfallNs = 20'000'000;
// What a container says of its length may come from the bytes that are there, and be a little off.
constexpr int64_t kTellNs = 500'000'000;

bool isPast(FileBytes& file, uint64_t end) {
  return end > file.size() + kSlack;
}

bool isUnknown32(uint64_t bytes) {
  return bytes >= kUnknown32 || (bytes + kUnknownSlack > kUnknownSox && bytes < kUnknownSox + kUnknownSlack);
}

bool isPast32(FileBytes& file, uint64_t start, uint64_t bytes) {
  return !isUnknown32(bytes) && isPast(file, start + bytes);
}

/// Where the samples of a WAVE begin; at the file's end or behind it where there are none.
uint64_t samplesAt(FileBytes& file) {
  return findChunk(file, "data").value_or(file.size()) + kChunkHead;
}

/// WAVE is one RIFF; those of AVI follow each other.
bool riff(FileBytes& file) {
  if (file.has(8, "WAVE")) {
    const uint64_t samples = samplesAt(file);
    return samples >= file.size() || isPast32(file, samples, file.littleEndian(samples - 4, 4));
  }
  uint64_t offset = 0;
  while (file.has(offset, "RIFF")) {
    const uint64_t bytes = file.littleEndian(offset + 4, 4);
    if (bytes == 0) return false;
    if (isPast32(file, offset + 8, bytes)) return true;
    offset += 8 + bytes + bytes % 2;
  }
  return false;
}

/// RIFF with its sizes of 64 bits in the first chunk.
bool rf64(FileBytes& file) {
  const uint64_t bytes = file.littleEndian(20, 8);
  return file.has(12, "ds64") && bytes < UINT64_MAX / 2 && isPast(file, 8 + bytes);
}

bool wave64(FileBytes& file) {
  const uint64_t bytes = file.littleEndian(16, 8);
  return bytes < UINT64_MAX / 2 && isPast(file, bytes);
}

bool aiff(FileBytes& file) {
  return isPast32(file, 8, file.bigEndian(4, 4));
}

bool au(FileBytes& file) {
  return isPast32(file, file.bigEndian(4, 4), file.bigEndian(8, 4));
}

struct Boxes {
  bool hasIndex = false, hasMedia = false, isCut = false;
};

/// MP4 and its like: without "moov" nothing is known of what "mdat" holds.
Boxes boxesOf(FileBytes& file) {
  Boxes boxes;
  for (auto box = boxAt(file, 0); box; box = boxAt(file, box->end)) {
    boxes.hasMedia |= box->is(file, "mdat");
    boxes.isCut = box->end > file.size();
    boxes.hasIndex |= box->is(file, "moov") && !boxes.isCut;
  }
  return boxes;
}

/// An index is there up to the file's end, and nothing leads to it.
bool hasStrayIndex(FileBytes& file) {
  constexpr uint64_t kMaxIndex = 16'000'000;
  for (uint64_t offset = file.size(); offset >= 8 && offset + kMaxIndex > file.size(); offset--)
    if (file.has(offset - 4, "moov") && offset - 8 + file.bigEndian(offset - 8, 4) <= file.size())
      return true;
  return false;
}

bool boxes(FileBytes& file) {
  const Boxes found = boxesOf(file);
  return found.isCut || (found.hasMedia && !found.hasIndex);
}

/// Where the writer of CAF does not know a size, it is -1.
bool caf(FileBytes& file) {
  uint64_t end = 8;
  for (uint64_t bytes = 0; end < file.size(); end += 12 + bytes) {
    bytes = file.bigEndian(end + 4, 8);
    if (bytes > UINT64_MAX / 2) return false;
    if (bytes > file.size()) return true;
  }
  return isPast(file, end);
}

/// Elements of Matroska. Live writers leave the sizes of segments and clusters open: what they hold follows.
bool ebml(FileBytes& file) {
  for (uint64_t offset = 0; offset < file.size();) {
    const auto element = elementAt(file, offset);
    if (!element) return (file.at(offset) != 0 && offset + kMaxElementHead > file.size()) || endsEmpty(file);
    if (!element->bytes && !element->isParent()) return false;
    const uint64_t end = element->data + element->bytes.value_or(0);
    if (end > file.size()) return element->isKnown();
    offset = end;
  }
  return false;
}

bool asf(FileBytes& file) {
  constexpr auto kProperties = "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"sv;
  const uint64_t end = std::min(file.size(), file.littleEndian(16, 8));
  for (uint64_t offset = 30; offset + 24 < end;) {
    if (file.has(offset, kProperties)) {
      const bool isBroadcast = file.at(offset + 88) & 1;
      return !isBroadcast && file.littleEndian(offset + 40, 8) > file.size();
    }
    const uint64_t bytes = file.littleEndian(offset + 16, 8);
    if (bytes < 24) return false;
    offset += bytes;
  }
  return false;
}

/// Each tag of FLV is followed by its size.
bool flv(FileBytes& file) {
  constexpr uint64_t kHeader = 13, kTagHead = 11, kMaxTail = 1'000'000;
  const auto isTag = [&](uint64_t offset) {
    const uint8_t type = file.at(offset);
    return (type == 8 || type == 9 || type == 18) && file.bigEndian(offset + 8, 3) == 0;
  };
  for (uint64_t end = file.size(); end > kHeader + kTagHead + 4 && end + kMaxTail > file.size(); end--) {
    const uint64_t bytes = file.bigEndian(end - 4, 4);
    if (bytes < kTagHead || bytes + 4 + kHeader > end || !isTag(end - 4 - bytes) ||
        file.bigEndian(end - 4 - bytes + 1, 3) != bytes - kTagHead)
      continue;
    return end < file.size() && (isTag(end) || file.size() - end < kTagHead);
  }
  return true;
}

bool wavPack(FileBytes& file) {
  uint64_t offset = 0, held = 0;
  uint64_t promised = file.littleEndian(12, 4);
  while (file.has(offset, "wvpk")) {
    const uint64_t end = offset + 8 + file.littleEndian(offset + 4, 4);
    if (end > file.size()) return true;
    held = std::max(held, file.littleEndian(offset + 16, 4) + file.littleEndian(offset + 20, 4));
    offset = end;
  }
  return promised != UINT32_MAX && offset == file.size() && held < promised;
}

bool trueAudio(FileBytes& file) {
  const uint64_t rate = file.littleEndian(10, 4), samples = file.littleEndian(14, 4);
  const uint64_t samplesInFrame = 256 * rate / 245;
  if (samplesInFrame == 0) return false;
  const uint64_t frames = (samples + samplesInFrame - 1) / samplesInFrame;
  uint64_t end = 22 + 4 * frames + 4;
  for (uint64_t i = 0; i < frames && end <= file.size(); i++) end += file.littleEndian(22 + 4 * i, 4);
  return end > file.size();
}

struct Format {
  uint64_t offset;
  std::string_view magic;
  bool (*isCut)(FileBytes& file);
};
constexpr Format kFormats[] = {
    {0, "RIFF", riff},
    {0, "RF64", rf64},
    {0, "BW64", rf64},
    {0, "riff\x2e\x91\xcf\x11"sv, wave64},
    {0, "FORM", aiff},
    {0, ".snd", au},
    {4, "ftyp", boxes},
    {4, "moov", boxes},
    {4, "mdat", boxes},
    {4, "wide", boxes},
    {4, "free", boxes},
    {4, "skip", boxes},
    {0, "\x1a\x45\xdf\xa3", ebml},
    {0, "caff", caf},
    {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", asf},
    {0, "FLV\x01", flv},
    {0, "wvpk", wavPack},
    {0, "TTA1", trueAudio},
};

/// Null for formats without a size.
auto formatOf(FileBytes& file) -> bool (*)(FileBytes&) {
  for (const Format& format : kFormats)
    if (file.has(format.offset, format.magic)) return format.isCut;
  return nullptr;
}

/// How long the sound is by the count of samples in the header of FLAC, 0 where that is not known.
int64_t promisedByFlac(const std::string& path) {
  FileBytes file(path);
  const auto stream = flacStreamAt(file, behindId3(file));
  return stream ? stream->nsOf(stream->samples) : 0;
}

}  // namespace

std::string hopelessnessOf(const std::string& path) {
  FileBytes file(path);
  const auto isCut = formatOf(file);
  if (isCut == boxes && !boxesOf(file).hasIndex)
    return hasStrayIndex(file)
               ? "is damaged: its index (moov) is not where it should be, and nothing can be decoded without"
               : "is cut short: its index (moov) is missing, and nothing can be decoded without";
  if (const uint64_t samples = samplesAt(file);
      isCut == riff && file.has(8, "WAVE") && samples >= file.size()) {
    const bool isWhole = file.has(samples - 8, "data") && file.littleEndian(samples - 4, 4) == 0;
    return isWhole ? "holds no sound" : "is cut short: it ends before its sound begins";
  }
  return {};
}

bool isCutShort(const std::string& path) {
  FileBytes file(path);
  const auto isCut = formatOf(file);
  return isCut ? isCut(file) : endsInFrame(file);
}

std::string shortfallOf(const std::string& path, int64_t heldNs, int64_t containerNs) {
  const int64_t promised = promisedByFlac(path);
  if (promised - heldNs < kShortfallNs && !isCutShort(path)) return {};
  const int64_t expectedNs = promised ? promised : containerNs;
  char text[96];
  std::snprintf(text, sizeof text, "is cut short: it holds %.1f", static_cast<double>(heldNs) / 1e9);
  std::string line = text;
  if (expectedNs - heldNs > kTellNs) {
    std::snprintf(text, sizeof text, " of %.1f", static_cast<double>(expectedNs) / 1e9);
    line += text;
  }
  return line + " s";
}
