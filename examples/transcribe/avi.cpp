// SPDX-License-Identifier: LGPL-2.1-or-later
// What the headers of AVI say, and whether that can be.
#include "avi.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "wave_chunks.h"

namespace {

// The list of headers comes first; a list's own head has its kind too.
constexpr uint64_t kHeaders = 12, kListHead = 12;
// More are of hostile files.
constexpr uint64_t kMostStreams = 100;

/// ADPCM and GSM, whose blocks say how many samples they hold.
bool hasBlocks(uint64_t format) {
  constexpr uint64_t kFormats[] = {0x02, 0x11, 0x31};
  return std::find(std::begin(kFormats), std::end(kFormats), format) != std::end(kFormats);
}

std::optional<Patch> patchOf(FileBytes& file, uint64_t format) {
  const uint64_t rate = file.littleEndian(format + 4, 4), bytesPerSecond = file.littleEndian(format + 8, 4);
  const uint64_t block = file.littleEndian(format + 12, 2), samples = file.littleEndian(format + 18, 2);
  if (!hasBlocks(file.littleEndian(format, 2)) || file.littleEndian(format + 16, 2) < 2 || samples == 0)
    return {};
  const uint64_t wanted = (rate * block + samples / 2) / samples;
  if (wanted == 0 || wanted == bytesPerSecond) return {};
  Patch patch{format + 8, {}};
  for (int i = 0; i < 4; i++) patch.bytes.push_back(static_cast<uint8_t>(wanted >> 8 * i));
  return patch;
}

}  // namespace

bool isAvi(FileBytes& file) {
  return file.has(0, "RIFF") && file.has(8, "AVI ");
}

std::optional<AviStream> aviStream(FileBytes& file, uint64_t number) {
  if (!file.has(kHeaders, "LIST")) return {};
  const uint64_t end = std::min<uint64_t>(file.size(), chunkEnd(file, kHeaders));
  std::optional<AviStream> stream;
  uint64_t found = 0;
  for (uint64_t offset = kHeaders + kListHead; offset + kChunkHead < end;) {
    const uint64_t data = offset + kChunkHead;
    if (file.has(offset, "strh")) {
      if (found++ > number) return stream;
      stream = {.scale = file.littleEndian(data + 20, 4),
                .rate = file.littleEndian(data + 24, 4),
                .length = file.littleEndian(data + 32, 4),
                .isSound = file.has(data, "auds")};
    } else if (file.has(offset, "strf") && stream) {
      stream->format = data;
    }
    offset = file.has(offset, "LIST") ? offset + kListHead : chunkEnd(file, offset);
  }
  return found > number ? stream : std::nullopt;
}

std::optional<uint64_t> aviSoundBytes(FileBytes& file, uint64_t number) {
  if (number >= kMostStreams) return {};
  const char name[] = {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), 'w', 'b'};
  uint64_t sound = 0;
  for (uint64_t offset = 0; offset + kChunkHead <= file.size();) {
    for (uint64_t i = 0; i < 4; i++)
      if (const uint8_t c = file.at(offset + i); c < 0x20 || c > 0x7e) return {};
    const bool isList =
        file.has(offset, "RIFF") || (file.has(offset, "LIST") && !file.has(offset + 8, "hdrl"));
    if (!isList && offset + kChunkHead + file.littleEndian(offset + 4, 4) > file.size()) return {};
    if (file.has(offset, {name, sizeof name})) sound += file.littleEndian(offset + 4, 4);
    offset = isList ? offset + kListHead : chunkEnd(file, offset);
  }
  return sound;
}

std::vector<Patch> aviHeaderPatches(const std::string& path) {
  FileBytes file(path);
  std::vector<Patch> patches;
  for (uint64_t number = 0; number < kMostStreams && isAvi(file); number++) {
    const auto stream = aviStream(file, number);
    if (!stream) break;
    if (!stream->isSound || stream->format == 0) continue;
    if (auto patch = patchOf(file, stream->format)) patches.push_back(std::move(*patch));
  }
  return patches;
}
