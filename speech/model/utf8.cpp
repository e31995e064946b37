// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/utf8.h"

namespace npuspeech {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// What may follow a lead byte: how many bytes, and the range of the first of them (Unicode 15, table 3-7).
struct Lead {
  int following;
  uint8_t low = 0x80, high = 0xbf;
};

Lead leadOf(uint8_t byte) {
  if (byte < 0x80) return {0};
  if (byte < 0xc2) return {-1};
  if (byte < 0xe0) return {1};
  if (byte == 0xe0) return {2, 0xa0};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte < 0xf0) return {2};
  if (byte == 0xf0) return {3, 0x90};
  if (byte < 0xf4) return {3};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {-1};
}

}  // namespace

Utf8Step utf8Step(std::string_view bytes) {
  const auto first = static_cast<uint8_t>(bytes[0]);
  Lead lead = leadOf(first);
  if (lead.following < 0) return {Utf8Step::Invalid, 1};
  if (lead.following == 0) return {Utf8Step::Character, 1, first};
  auto character = static_cast<char32_t>(first & (0x3f >> lead.following));
  uint8_t length = 1;
  for (; length <= lead.following; ++length) {
    if (length == bytes.size()) return {Utf8Step::Incomplete, length};
    const auto byte = static_cast<uint8_t>(bytes[length]);
    if (byte < lead.low || byte > lead.high) return {Utf8Step::Invalid, length};
    lead.low = 0x80;
    lead.high = 0xbf;
    character = character << 6 | (byte & 0x3f);
  }
  return {Utf8Step::Character, length, character};
}

std::string Utf8Joiner::add(std::string_view bytes) {
  std::string joined = std::move(pending_);
  joined.append(bytes);
  pending_.clear();
  std::string text;
  for (std::string_view rest = joined; !rest.empty();) {
    const Utf8Step step = utf8Step(rest);
    if (step.kind == Utf8Step::Incomplete) {
      pending_ = rest;
      break;
    }
    text += step.kind == Utf8Step::Character ? rest.substr(0, step.length) : kReplacement;
    rest.remove_prefix(step.length);
  }
  return text;
}

std::string Utf8Joiner::finish() {
  if (pending_.empty()) return {};
  pending_.clear();
  return std::string(kReplacement);
}

}  // namespace npuspeech
