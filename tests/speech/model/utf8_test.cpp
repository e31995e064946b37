// SPDX-License-Identifier: LGPL-2.1-or-later
// UTF-8 in pieces, against Python's decoder.
#include "speech/model/utf8.h"

#include <gtest/gtest.h>

namespace npuspeech {
namespace {

struct Decoded {
  std::string_view bytes, text;
};

// Made by Python 3.11: bytes, bytes.decode("utf-8", "replace").encode().
constexpr Decoded kDecoded[] = {
    {"", ""},
    {"plain", "plain"},
    {"\xc3\xa9", "\xc3\xa9"},
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    {"\xf0\x9f\x91\x8d", "\xf0\x9f\x91\x8d"},
    {"\x80", "\xef\xbf\xbd"},
    {"\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"a\xc3", "a\xef\xbf\xbd"},
    {"a\xe6\x97", "a\xef\xbf\xbd"},
    {"a\xf0\x9f\x91", "a\xef\xbf\xbd"},
    {"\xc3(", "\xef\xbf\xbd("},
    {"\xe6\x97(", "\xef\xbf\xbd("},
    {"\xf0\x9f\x91(", "\xef\xbf\xbd("},
    {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc1\xbf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\xa0\x80", "\xe0\xa0\x80"},
    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xee\x80\x80", "\xee\x80\x80"},
    {"\xf0\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x8f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe6\xe6\x97\xa5", "\xef\xbf\xbd\xe6\x97\xa5"},
    {"\xf0\x9f\xf0\x9f\x91\x8d", "\xef\xbf\xbd\xf0\x9f\x91\x8d"},
    {"\xe2\x82\xe2\x82\xac", "\xef\xbf\xbd\xe2\x82\xac"},
    {"\xf0\x9f\x91\xc3\xa9", "\xef\xbf\xbd\xc3\xa9"},
    {"\xc3\xc3\xa9\xc3", "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd"},
    {"\xef\xbf\xbd", "\xef\xbf\xbd"},
    {"\xf8\x88\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};

std::string joined(std::initializer_list<std::string_view> pieces) {
  Utf8Joiner joiner;
  std::string text;
  for (const std::string_view piece : pieces) text += joiner.add(piece);
  return text + joiner.finish();
}

TEST(Utf8Joiner, DecodesAsPythonDoesHoweverTheBytesArrive) {
  for (const auto& [bytes, text] : kDecoded) {
    EXPECT_EQ(joined({bytes}), text);
    for (size_t i = 0; i <= bytes.size(); ++i)
      for (size_t j = i; j <= bytes.size(); ++j)
        EXPECT_EQ(joined({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)}), text)
            << i << ", " << j;
  }
}

TEST(Utf8Joiner, KeepsAnUnfinishedCharacterUntilItEnds) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.add("a\xf0\x9f"), "a");
  EXPECT_EQ(joiner.pending(), 2u);
  EXPECT_EQ(joiner.add("\x91"), "");
  EXPECT_EQ(joiner.pending(), 3u);
  EXPECT_EQ(joiner.add("\x8d!"), "\xf0\x9f\x91\x8d!");
  EXPECT_EQ(joiner.pending(), 0u);
  EXPECT_EQ(joiner.finish(), "");
  joiner.add("\xe6");
  EXPECT_EQ(joiner.finish(), "\xef\xbf\xbd");
  EXPECT_EQ(joiner.add("b"), "b") << "as new after finish()";
}

TEST(Utf8Step, ReadsEveryCharacterAndNoSurrogate) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    std::string bytes;
    const auto add = [&](char32_t byte) { bytes.push_back(static_cast<char>(byte)); };
    const auto follow = [&](int shift) { add(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xc0 | c >> 6);
      follow(0);
    } else if (c < 0x10000) {
      add(0xe0 | c >> 12);
      follow(6);
      follow(0);
    } else {
      add(0xf0 | c >> 18);
      follow(12);
      follow(6);
      follow(0);
    }
    const size_t length = bytes.size();
    bytes.push_back('x');
    const Utf8Step step = utf8Step(bytes);
    const bool surrogate = c >= 0xd800 && c <= 0xdfff;
    ASSERT_EQ(step.kind, surrogate ? Utf8Step::Invalid : Utf8Step::Character) << std::hex << uint32_t{c};
    if (!surrogate) {
      ASSERT_EQ(step.character, c);
      ASSERT_EQ(step.length, length);
    }
  }
}

}  // namespace
}  // namespace npuspeech
