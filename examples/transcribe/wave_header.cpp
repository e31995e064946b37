// SPDX-License-Identifier: LGPL-2.1-or-later
// WAVE whose header says what cannot be.
#include "wave_header.h"

#include <algorithm>

#include "file_bytes.h"
#include "wave_chunks.h"

namespace {

Patch number(uint64_t offset, uint64_t value, int bytes) {
  Patch patch{offset, {}};
  for (int i = 0; i < bytes; i++) patch.bytes.push_back(static_cast<uint8_t>(value >> 8 * i));
  return patch;
}

/// Whether each sample has as many bytes as its bits need: PCM, float, A-law, mu-law, or by an extension.
bool isUncompressed(uint64_t format) {
  constexpr uint64_t kFormats[] = {1, 3, 6, 7, 0xfffe};
  return std::find(std::begin(kFormats), std::end(kFormats), format) != std::end(kFormats);
}

void checkFormat(FileBytes& file, uint64_t chunk, std::vector<Patch>& patches) {
  const uint64_t fields = chunk + kChunkHead;
  const uint64_t channels = file.littleEndian(fields + 2, 2), rate = file.littleEndian(fields + 4, 4);
  const uint64_t byteRate = file.littleEndian(fields + 8, 4), block = file.littleEndian(fields + 12, 2);
  const uint64_t bits = file.littleEndian(fields + 14, 2);
  if (!isUncompressed(file.littleEndian(fields, 2)) || channels == 0 || rate == 0 || bits == 0) return;
  // Where these two agree, the bits are wrong, or each sample has more room than it needs.
  if (block > 0 && block % channels == 0 && byteRate == rate * block) return;
  const uint64_t wanted = channels * ((bits + 7) / 8);
  patches.push_back(number(fields + 12, wanted, 2));
  patches.push_back(number(fields + 8, rate * wanted, 4));
}

/// The chunks behind the sound end with the file, or are taken for one that does; less than the head of a
/// chunk counts as sound.
void checkEnd(FileBytes& file, uint64_t samples, std::vector<Patch>& patches) {
  const uint64_t end = chunkEnd(file, samples);
  if (end >= file.size()) return;
  const uint64_t last = lastChunkEnd(file, end);
  if (last >= file.size()) return;
  if (last == end)
    patches.push_back(number(samples + 4, file.size() - samples - kChunkHead, 4));
  else
    patches.push_back(number(end + 4, file.size() - end - kChunkHead, 4));
}

}  // namespace

std::vector<Patch> waveHeaderPatches(const std::string& path) {
  FileBytes file(path);
  if (!file.has(0, "RIFF") || !file.has(8, "WAVE")) return {};
  std::vector<Patch> patches;
  if (const auto format = findChunk(file, "fmt ")) checkFormat(file, *format, patches);
  if (const auto samples = findChunk(file, "data")) checkEnd(file, *samples, patches);
  return patches;
}
