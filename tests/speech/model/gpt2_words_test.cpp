// SPDX-License-Identifier: LGPL-2.1-or-later
// GPT-2's cut of text into words.
#include "speech/model/gpt2_words.h"

#include <gtest/gtest.h>

#include <string>

namespace npuspeech {
namespace {

using Words = std::vector<std::string_view>;

struct Cut {
  std::string_view text;
  Words words;
};

TEST(Gpt2Words, CutsAsThePatternDoes) {
  const Cut cuts[] = {
      {"", {}},
      {"Hello, world", {"Hello", ",", " world"}},
      {" a  b", {" a", " ", " b"}},
      {"a\n b\n\nc ", {"a", "\n", " b", "\n", "\n", "c", " "}},
      {"end  ", {"end", "  "}},
      {"it's I'll THEY'RE", {"it", "'s", " I", "'ll", " THEY", "'", "RE"}},
      {"!'s 's", {"!'", "s", " '", "s"}},
      {"'ve've", {"'ve", "'ve"}},
      {"x1 22nd", {"x", "1", " 22", "nd"}},
      {" ... 3.14", {" ...", " 3", ".", "14"}},
      {"na\u00efve \u6771\u4eac2024\u5e74\u3002",
       {"na\u00efve", " \u6771\u4eac", "2024", "\u5e74", "\u3002"}},
      {"\u00bd\u2167 \u0663", {"\u00bd\u2167", " \u0663"}},      // other numbers are numbers too
      {"a\u00a0b\u3000c", {"a", "\u00a0", "b", "\u3000", "c"}},  // only U+0020 joins the word behind it
      {"\u00a0 b\u2003 ", {"\u00a0", " b", "\u2003 "}},
      {"e\u0301 \u200b", {"e", "\u0301", " \u200b"}},  // marks and formats are neither
  };
  for (const auto& [text, words] : cuts) EXPECT_EQ(gpt2Words(text), words) << text;
}

TEST(Gpt2Words, LosesNothing) {
  const std::string_view pieces[] = {" ", "  ",     "\n",     "a",      "Z", "7",          "'",
                                     "s", "\u00a0", "\u00e9", "\u6771", "!", "\U0001f44d", "'re"};
  uint32_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text, again;
    for (int i = 0; i < 20; ++i) {
      state = state * 1664525 + 1013904223;
      text += pieces[(state >> 16) % std::size(pieces)];
    }
    for (const std::string_view word : gpt2Words(text)) {
      EXPECT_FALSE(word.empty());
      again += word;
    }
    EXPECT_EQ(again, text);
  }
}

}  // namespace
}  // namespace npuspeech
