// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/model/alignment_heads.h"

#include <span>

namespace npuspeech {
namespace {

struct Head {
  int8_t layer, head;
};

constexpr Head kTinyEn[] = {{1, 0}, {2, 0}, {2, 5}, {3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}};
constexpr Head kTiny[] = {{2, 2}, {3, 0}, {3, 2}, {3, 3}, {3, 4}, {3, 5}};
constexpr Head kBaseEn[] = {{3, 3}, {4, 7}, {5, 1}, {5, 5}, {5, 7}};
constexpr Head kBase[] = {{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}};
constexpr Head kSmallEn[] = {{6, 6},  {7, 0},  {7, 3},   {7, 8},  {8, 2},  {8, 5},  {8, 7},
                             {9, 0},  {9, 4},  {9, 8},   {9, 10}, {10, 0}, {10, 1}, {10, 2},
                             {10, 3}, {10, 6}, {10, 11}, {11, 2}, {11, 4}};
constexpr Head kSmall[] = {{5, 3}, {5, 9}, {8, 0}, {8, 4}, {8, 7}, {8, 8}, {9, 0}, {9, 7}, {9, 9}, {10, 5}};
constexpr Head kMediumEn[] = {{11, 4},  {14, 1}, {14, 12}, {14, 14}, {15, 4},  {16, 0},
                              {16, 4},  {16, 9}, {17, 12}, {17, 14}, {18, 7},  {18, 10},
                              {18, 15}, {20, 0}, {20, 3},  {20, 9},  {20, 14}, {21, 12}};
constexpr Head kMedium[] = {{13, 15}, {15, 4}, {15, 15}, {16, 1}, {20, 0}, {23, 4}};
constexpr Head kLargeV2[] = {{10, 12}, {13, 17}, {16, 11}, {16, 12}, {16, 13}, {17, 15}, {17, 16}, {18, 4},
                             {18, 11}, {18, 19}, {19, 11}, {21, 2},  {21, 3},  {22, 3},  {22, 9},  {22, 12},
                             {23, 5},  {23, 7},  {23, 13}, {25, 5},  {26, 1},  {26, 12}, {27, 15}};
constexpr Head kLargeV3[] = {{7, 0},   {10, 17}, {12, 18}, {13, 12}, {16, 1},
                             {17, 14}, {19, 11}, {21, 4},  {24, 1},  {25, 6}};
constexpr Head kTurbo[] = {{2, 4}, {2, 11}, {3, 3}, {3, 6}, {3, 11}, {3, 14}};

struct Published {
  int encoderLayers, decoderLayers, heads, vocabularySize;
  std::span<const Head> alignment;
};
constexpr Published kPublished[] = {
    {4, 4, 6, 51864, kTinyEn},      {4, 4, 6, 51865, kTiny},       {6, 6, 8, 51864, kBaseEn},
    {6, 6, 8, 51865, kBase},        {12, 12, 12, 51864, kSmallEn}, {12, 12, 12, 51865, kSmall},
    {24, 24, 16, 51864, kMediumEn}, {24, 24, 16, 51865, kMedium},  {32, 32, 20, 51865, kLargeV2},
    {32, 32, 20, 51866, kLargeV3},  {32, 4, 20, 51866, kTurbo},
};

}  // namespace

std::vector<std::pair<int32_t, int32_t>> publishedAlignmentHeads(const ModelSizes& sizes) {
  std::vector<std::pair<int32_t, int32_t>> heads;
  for (const Published& model : kPublished)
    if (model.encoderLayers == sizes.encoderLayers && model.decoderLayers == sizes.decoderLayers &&
        model.heads == sizes.heads && model.vocabularySize == sizes.vocabularySize)
      for (const Head& head : model.alignment) heads.emplace_back(head.layer, head.head);
  return heads;
}

}  // namespace npuspeech
