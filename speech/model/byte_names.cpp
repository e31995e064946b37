// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/byte_names.h"

#include <array>
#include <cstdint>

#include "speech/model/utf8.h"

namespace npuspeech {
namespace {

constexpr char32_t kFirstSubstitute = 0x100;
constexpr size_t kCharacters = 0x144;  // one behind the last name
constexpr int16_t kNoByte = -1;

/// Printable Latin-1 characters name themselves; the other bytes are named by the characters from U+0100 on,
/// in order.
constexpr bool namesItself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xff && byte != 0xad);
}

constexpr std::array<int16_t, kCharacters> kByteOf = [] {
  std::array<int16_t, kCharacters> bytes{};
  bytes.fill(kNoByte);
  char32_t substitute = kFirstSubstitute;
  for (unsigned byte = 0; byte < 256; ++byte)
    bytes[namesItself(byte) ? byte : substitute++] = static_cast<int16_t>(byte);
  return bytes;
}();

constexpr std::array<uint16_t, 256> kNameOf = [] {
  std::array<uint16_t, 256> names{};
  for (size_t character = 0; character < kCharacters; ++character)
    if (kByteOf[character] != kNoByte)
      names[static_cast<size_t>(kByteOf[character])] = static_cast<uint16_t>(character);
  return names;
}();

}  // namespace

bool appendNamedBytes(std::string_view name, std::string& bytes) {
  while (!name.empty()) {
    const Utf8Step step = utf8Step(name);
    if (step.kind != Utf8Step::Character || step.character >= kCharacters ||
        kByteOf[step.character] == kNoByte)
      return false;
    bytes += static_cast<char>(kByteOf[step.character]);
    name.remove_prefix(step.length);
  }
  return true;
}

std::string nameOfBytes(std::string_view bytes) {
  std::string name;
  for (const char c : bytes) {
    const uint16_t character = kNameOf[static_cast<uint8_t>(c)];
    if (character < 0x80) {
      name += static_cast<char>(character);
    } else {
      name += static_cast<char>(0xc0 | character >> 6);
      name += static_cast<char>(0x80 | (character & 0x3f));
    }
  }
  return name;
}

}  // namespace npuspeech
