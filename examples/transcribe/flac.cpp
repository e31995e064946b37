// SPDX-License-Identifier: LGPL-2.1-or-later
// The headers and checksums of native FLAC.
#include "flac.h"

#include <algorithm>
#include <array>
#include <bit>

namespace {

/// What each byte adds to a checksum, most significant bit first.
template <typename Checksum>
constexpr std::array<Checksum, 256> tableOf(unsigned polynomial) {
  constexpr int kBits = 8 * sizeof(Checksum);
  std::array<Checksum, 256> table{};
  for (unsigned byte = 0; byte < 256; byte++) {
    unsigned rest = byte << (kBits - 8);
    for (int bit = 0; bit < 8; bit++) rest = rest << 1 ^ (rest >> (kBits - 1) & 1 ? polynomial : 0);
    table[byte] = static_cast<Checksum>(rest);
  }
  return table;
}
constexpr auto kHeaderTable = tableOf<uint8_t>(0x07);

// Eight bytes at a time: what each adds with so many bytes behind it.
constexpr size_t kAtATime = 8;
constexpr auto kFrameTables = [] {
  std::array<std::array<uint16_t, 256>, kAtATime> tables{tableOf<uint16_t>(0x8005)};
  for (size_t behind = 1; behind < kAtATime; behind++)
    for (size_t byte = 0; byte < 256; byte++) {
      const uint16_t before = tables[behind - 1][byte];
      tables[behind][byte] = static_cast<uint16_t>(before << 8 ^ tables[0][before >> 8]);
    }
  return tables;
}();

/// A number in the manner of UTF-8, of up to 36 bits. None where its first byte is none.
std::optional<uint64_t> numberAt(FileBytes& file, uint64_t& offset) {
  const uint8_t first = file.at(offset++);
  const int bytes = std::countl_one(first);
  if (bytes == 0) return first;
  if (bytes == 1 || bytes == 8) return {};
  uint64_t number = first & (0x7f >> bytes);
  for (int i = 1; i < bytes; i++) number = number << 6 | (file.at(offset++) & 0x3f);
  return number;
}

/// By its code; some stand behind the frame's number.
uint64_t samplesOf(uint64_t code, FileBytes& file, uint64_t& offset) {
  if (code == 1) return 192;
  if (code < 6) return 576u << (code - 2);
  if (code > 7) return 256u << (code - 8);
  const int bytes = code == 6 ? 1 : 2;
  const uint64_t samples = file.bigEndian(offset, bytes) + 1;
  offset += static_cast<uint64_t>(bytes);
  return samples;
}

}  // namespace

int64_t FlacStream::nsOf(uint64_t count) const {
  constexpr double kMax = 3e16;
  if (rate == 0) return 0;
  return static_cast<int64_t>(std::min(static_cast<double>(count) * 1e9 / static_cast<double>(rate), kMax));
}

std::optional<FlacStream> flacStreamAt(FileBytes& file, uint64_t offset) {
  constexpr uint8_t kLast = 0x80;
  constexpr uint64_t kInfoBytes = 34, kHead = 4;
  uint64_t block = offset + 4;
  if (!file.has(offset, "fLaC") || (file.bigEndian(block, 4) & ~(uint64_t{kLast} << 24)) != kInfoBytes)
    return {};
  const uint64_t info = block + kHead;
  FlacStream stream{file.bigEndian(info + 10, 3) >> 4, file.bigEndian(info + 13, 5) & 0xfffffffff, info, 0};
  bool isLast = false;
  for (; !isLast && block < file.size(); block += kHead + file.bigEndian(block + 1, 3)) {
    isLast = file.at(block) & kLast;
    // What describes the stream stands there once: these are no blocks.
    if (block > offset + 4 && (file.at(block) & ~kLast) == 0) break;
  }
  stream.frames = block;
  return stream;
}

std::optional<FlacFrame> flacFrameAt(FileBytes& file, uint64_t offset) {
  const uint64_t codes = file.bigEndian(offset, 4);
  const uint64_t samplesCode = codes >> 12 & 15, rateCode = codes >> 8 & 15, channelCode = codes >> 4 & 15;
  if (codes >> 17 != 0x7ffc || samplesCode == 0 || rateCode == 15 || channelCode > 10 || codes & 1) return {};
  uint64_t end = offset + 4;
  const auto number = numberAt(file, end);
  if (!number) return {};
  const FlacFrame frame{*number, samplesOf(samplesCode, file, end), (codes >> 16 & 1) != 0};
  if (rateCode >= 12) end += rateCode == 12 ? 1 : 2;
  uint8_t checksum = 0;
  for (uint64_t i = offset; i < end; i++) checksum = kHeaderTable[checksum ^ file.at(i)];
  if (end >= file.size() || checksum != file.at(end)) return {};
  return frame;
}

uint16_t flacChecksum(uint16_t checksum, std::span<const uint8_t> bytes) {
  for (; bytes.size() >= kAtATime; bytes = bytes.subspan(kAtATime)) {
    const auto added = [bytes](size_t i, unsigned before) {
      return kFrameTables[kAtATime - 1 - i][bytes[i] ^ before];
    };
    checksum = added(0, unsigned{checksum} >> 8) ^ added(1, checksum & 0xffu) ^ added(2, 0) ^ added(3, 0) ^
               added(4, 0) ^ added(5, 0) ^ added(6, 0) ^ added(7, 0);
  }
  for (const uint8_t byte : bytes)
    checksum = static_cast<uint16_t>(checksum << 8 ^ kFrameTables[0][checksum >> 8 ^ byte]);
  return checksum;
}
