// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a recording's file ends in the middle of a frame: formats that are one frame after the other.
#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "completeness.h"
#include "tags.h"

using namespace std::string_view_literals;

namespace {

// Longer than any two frames of what is looked for.
constexpr uint64_t kTail = 200'000;

/// Bytes of the frame at `offset`, 0 where there is none.
using FrameBytes = uint64_t (*)(FileBytes& file, uint64_t offset);

/// MPEG audio, layers 1 to 3.
uint64_t mpegFrame(FileBytes& file, uint64_t offset) {
  const uint64_t header = file.bigEndian(offset, 4);
  const uint64_t version = header >> 19 & 3, layer = 4 - (header >> 17 & 3), rateIndex = header >> 10 & 3;
  const uint64_t kbitsIndex = header >> 12 & 15, padding = header >> 9 & 1;
  if (header >> 21 != 0x7ff || version == 1 || layer == 4 || rateIndex == 3 || kbitsIndex == 0 ||
      kbitsIndex == 15)
    return 0;
  static constexpr uint64_t kKbits[5][15] = {
      {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},  // MPEG-1 layer 1
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},     // layer 2
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},      // layer 3
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},     // MPEG-2 layer 1
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};         // layers 2 and 3
  static constexpr uint64_t kRates[] = {44100, 48000, 32000};
  const bool isFirst = version == 3;
  const uint64_t rate = kRates[rateIndex] / (isFirst ? 1 : version == 2 ? 2 : 4);
  const uint64_t bits = 1000 * kKbits[isFirst ? layer - 1 : layer == 1 ? 3 : 4][kbitsIndex];
  if (layer == 1) return (12 * bits / rate + padding) * 4;
  return (layer == 3 && !isFirst ? 72 : 144) * bits / rate + padding;
}

uint64_t adtsFrame(FileBytes& file, uint64_t offset) {
  const uint64_t bytes = file.bigEndian(offset + 3, 3) >> 5 & 0x1fff;
  return (file.bigEndian(offset, 2) & 0xfff6) == 0xfff0 && bytes > 7 ? bytes : 0;
}

/// AC-3 and E-AC-3.
uint64_t dolbyFrame(FileBytes& file, uint64_t offset) {
  if (!file.has(offset, "\x0b\x77")) return 0;
  if (file.at(offset + 5) >> 3 > 10) return 2 * ((file.bigEndian(offset + 2, 2) & 0x7ff) + 1);
  static constexpr uint64_t kKbits[] = {32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                        192, 224, 256, 320, 384, 448, 512, 576, 640};
  const uint64_t rate = file.at(offset + 4) >> 6, index = file.at(offset + 4) & 63;
  if (rate == 3 || index / 2 >= std::size(kKbits)) return 0;
  const uint64_t kbits = kKbits[index / 2];
  return 2 * (rate == 0 ? 2 * kbits : rate == 2 ? 3 * kbits : 320 * kbits / 147 + index % 2);
}

uint64_t dtsFrame(FileBytes& file, uint64_t offset) {
  return file.has(offset, "\x7f\xfe\x80\x01") ? (file.bigEndian(offset + 5, 3) >> 4 & 0x3fff) + 1 : 0;
}

uint64_t oggPage(FileBytes& file, uint64_t offset) {
  if (!file.has(offset, "OggS")) return 0;
  const uint64_t segments = file.at(offset + 26);
  uint64_t bytes = 27 + segments;
  for (uint64_t i = 0; i < segments; i++) bytes += file.at(offset + 27 + i);
  return bytes;
}

uint64_t amrFrame(FileBytes& file, uint64_t offset) {
  const bool isWide = file.has(0, "#!AMR-WB");
  static constexpr uint64_t kNarrow[16] = {13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1};
  static constexpr uint64_t kWide[16] = {18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1};
  const uint64_t kind = file.at(offset) >> 3 & 15;
  return file.at(offset) & 0x83 ? 0 : (isWide ? kWide : kNarrow)[kind];
}

/// Packets of an MPEG program stream.
uint64_t programPacket(FileBytes& file, uint64_t offset) {
  if (file.bigEndian(offset, 3) != 1) return 0;
  const uint8_t kind = file.at(offset + 3);
  if (kind == 0xb9) return 4;
  if (kind == 0xba) return file.at(offset + 4) >> 6 == 1 ? 14 + (file.at(offset + 13) & 7) : 12;
  return kind > 0xba ? 6 + file.bigEndian(offset + 4, 2) : 0;
}

struct Ending {
  uint64_t last = 0;     // where the last frame begins
  bool isKnown = false;  // a chain of frames goes up to the end
  bool isCut = false;    // in the middle of the last one
};

/// Follows frames from where `chain` of them fit together.
Ending endingOf(FileBytes& file, FrameBytes bytesAt, int chain) {
  const uint64_t end = endOfSound(file);
  for (uint64_t start = end > kTail ? end - kTail : 0; start < end; start++) {
    uint64_t offset = start, last = start;
    int frames = 0;
    for (uint64_t bytes; offset < end && (bytes = bytesAt(file, offset)) > 0; frames++) {
      last = offset;
      offset += bytes;
    }
    // Less than a header is left.
    const bool isHeader = offset < end && end - offset < 4 && frames >= chain;
    if (frames >= chain && (offset >= end || isHeader)) return {last, true, offset != end};
  }
  return {};
}

bool ogg(FileBytes& file) {
  constexpr uint8_t kEndOfStream = 4;
  const Ending ending = endingOf(file, oggPage, 1);
  if (ending.isKnown) return ending.isCut || !(file.at(ending.last + 5) & kEndOfStream);
  if (endsEmpty(file)) {
    uint64_t last = file.size() - 1;
    while (last > 0 && !file.has(last, "OggS")) last--;
    return !(file.at(last + 5) & kEndOfStream);
  }
  // A piece of a page's header, or something else behind the last page.
  return false;
}

/// What the first frame of MPEG audio says of the bytes that follow, 0 where it says nothing.
uint64_t promisedBytes(FileBytes& file, uint64_t first) {
  const uint64_t bytes = mpegFrame(file, first);
  for (uint64_t offset = first + 4; offset + 16 < first + std::min<uint64_t>(bytes, 64); offset++) {
    if (file.has(offset, "VBRI")) return file.bigEndian(offset + 10, 4);
    if (!file.has(offset, "Xing") && !file.has(offset, "Info")) continue;
    const uint64_t flags = file.bigEndian(offset + 4, 4);
    return flags & 2 ? file.bigEndian(offset + 8 + (flags & 1 ? 4 : 0), 4) : 0;
  }
  return 0;
}

bool mpegAudio(FileBytes& file) {
  const uint64_t first = behindId3(file);
  // The last frame's size varies, and some count it or the first one out.
  constexpr uint64_t kTwoFrames = 2 * 1441;
  if (const uint64_t bytes = promisedBytes(file, first))
    if (first + bytes > file.size() + kTwoFrames) return true;
  return endingOf(file, mpegFrame, 4).isCut;
}

/// The size of a transport stream's packets, 0 where it is none.
uint64_t transportPacket(FileBytes& file) {
  for (const uint64_t bytes : {188, 192, 204}) {
    const uint64_t sync = bytes == 192 ? 4 : 0;
    bool fits = file.size() > 3 * bytes;
    for (uint64_t i = 0; i < 3; i++) fits = fits && file.at(sync + i * bytes) == 0x47;
    if (fits) return bytes;
  }
  return 0;
}

/// Packets need not begin at a multiple of their size behind damage, and something else may be behind them.
bool transport(FileBytes& file, uint64_t bytes) {
  constexpr uint8_t kSync = 0x47;
  const uint64_t sync = bytes == 192 ? 4 : 0;
  for (uint64_t end = file.size(); end > 3 * bytes && end + kTail > file.size(); end--) {
    bool fits = true;
    for (uint64_t i = 1; i <= 3; i++) fits = fits && file.at(end - i * bytes + sync) == kSync;
    const uint64_t rest = file.size() - end;
    if (fits) return rest > 0 && rest < bytes && (rest <= sync || file.at(end + sync) == kSync);
  }
  return false;
}

/// None for formats that are not known here.
std::optional<bool> endsInside(FileBytes& file) {
  if (const uint64_t bytes = transportPacket(file)) return transport(file, bytes);
  if (file.has(0, "#!AMR")) return endingOf(file, amrFrame, 8).isCut;
  if (file.has(0, "\x00\x00\x01\xba"sv)) return endingOf(file, programPacket, 2).isCut;
  const uint64_t first = behindId3(file);
  if (adtsFrame(file, first)) return endingOf(file, adtsFrame, 4).isCut;
  if (mpegFrame(file, first)) return mpegAudio(file);
  if (dolbyFrame(file, first)) return endingOf(file, dolbyFrame, 2).isCut;
  if (dtsFrame(file, first)) return endingOf(file, dtsFrame, 2).isCut;
  return {};
}

}  // namespace

bool endsEmpty(FileBytes& file) {
  constexpr uint64_t kSamples = 512;
  for (uint64_t i = 1; i <= kSamples; i++)
    if (file.at(file.size() - 1 - file.size() / 4 * i / kSamples) != 0) return false;
  return true;
}

bool endsInFrame(FileBytes& file) {
  if (file.has(0, "OggS")) return ogg(file);
  const auto isInside = endsInside(file);
  return isInside && (*isInside || endsEmpty(file));
}

bool repeatsStream(const std::string& path) {
  constexpr uint8_t kBeginOfStream = 2;
  FileBytes file(path);
  std::set<uint64_t> begun;
  uint64_t bytes = 0;
  for (uint64_t offset = 0; (bytes = oggPage(file, offset)) > 0; offset += bytes)
    if (file.at(offset + 5) & kBeginOfStream && !begun.insert(file.bigEndian(offset + 14, 4)).second)
      return true;
  return false;
}
