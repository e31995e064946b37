// SPDX-License-Identifier: LGPL-2.1-or-later
// Blocks as ggml's own Python package writes them, and the numbers that it reads from them.
#include "speech/model/blocks.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/block_writer.h"

namespace npuspeech {
namespace {

struct Known {
  TensorType type;
  const char* name;
  float step;  // between the numbers that a block from -1.75 to 1.75 has
  const char* hex;
  std::vector<float> values;  // the first numbers, and the first of the second half
};

const Known kKnown[] = {
    {TensorType::Q4_0,
     "q4_0",
     1.75f / 7,
     "2d33d73d25c0aa1c52d37c0980d64d16b0b9",
     {-0.2242431640625f, 1.1212158203125f, -0.6727294921875f, -1.7939453125f, 1.1212158203125f,
      -1.1212158203125f}},
    {TensorType::Q4_1,
     "q4_1",
     3.5f / 15,
     "63322dbfe73f26d1bb1d52f38e0a90f64f17d0ca",
     {-0.3968505859375f, 1.1998291015625f, -0.596435546875f, -1.5943603515625f, 1.000244140625f,
      -1.1951904296875f}},
    {TensorType::Q5_0,
     "q5_0",
     1.75f / 15,
     "2d2f329399cc9d5b4a81441894b5e90300ab7b2c6062",
     {-0.33636474609375f, 1.23333740234375f, -0.6727294921875f, -1.68182373046875f, 1.00909423828125f,
      -1.23333740234375f}},
    {TensorType::Q5_1,
     "q5_1",
     3.5f / 31,
     "2e2e2dbf329399cddf6f4cb1871cb5f60d0631ed8f3ea0a5",
     {-0.3455810546875f, 1.1993408203125f, -0.63525390625f, -1.6973876953125f, 1.0062255859375f,
      -1.214599609375f}},
    {TensorType::Q8_0,
     "q8_0",
     1.75f / 127,
     "3c23eb54d0881f40a0a9461585db55df841148ad9d3d238acb53ef81024fba933230",
     {-0.296722412109375f, 1.1868896484375f, -0.67822265625f, -1.695556640625f, 1.017333984375f,
      -1.172760009765625f}},
};

class Blocks : public testing::TestWithParam<Known> {};

INSTANTIATE_TEST_SUITE_P(, Blocks, testing::ValuesIn(kKnown),
                         [](const auto& known) { return std::string(known.param.name); });

TEST_P(Blocks, GiveTheNumbersThatTheyStandFor) {
  std::string bytes;
  for (const char* digits = GetParam().hex; *digits; digits += 2)
    bytes += static_cast<char>(std::strtol(std::string(digits, 2).c_str(), nullptr, 16));
  bytes = "x" + bytes + bytes;  // unaligned, and two of them
  std::vector<float> values(64);
  widenBlocks(GetParam().type, reinterpret_cast<const std::byte*>(bytes.data()) + 1, values.data(), 64);
  for (const size_t block : {0, 32})
    for (const size_t i : {0, 1, 2, 3, 16, 17})
      EXPECT_EQ(values[block + i], GetParam().values[i < 16 ? i : i - 12]) << block + i;
}

TEST_P(Blocks, AreNoFurtherThanHalfAStep) {
  std::vector<float> values(64), widened(64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 15) * 0.25f - 1.75f;
  const std::string bytes = test::blocksOf(GetParam().type, values);
  widenBlocks(GetParam().type, reinterpret_cast<const std::byte*>(bytes.data()), widened.data(), 64);
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(widened[i], values[i], GetParam().step / 2 + 1e-3f) << i;
}

}  // namespace
}  // namespace npuspeech
