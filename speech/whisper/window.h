// SPDX-License-Identifier: LGPL-2.1-or-later
// The shape of one window on its way from log-mel to text: which encoder rows hold audio, which stand for
// padding.
#pragma once

#include <vector>

namespace npuspeech {

/// How the padding behind the audio is computed. Whisper was trained on 30 s windows filled with padding; the
/// padding rows are nearly alike, so one row of each block is computed and counts for the whole block in
/// every softmax (log of the block's size is added to its scores; proportional attention, Bolya et al., ICLR
/// 2023). Blocks start at one row and grow by `growthPercent` to at most `maxBlock` rows. maxBlock = 1
/// computes every row: Whisper as published.
struct PaddingPolicy {
  int growthPercent = 20;
  int maxBlock = 32;
  bool operator==(const PaddingPolicy&) const = default;
};
inline constexpr PaddingPolicy kFullContext{0, 1};

/// One computed padding row: its position in the context, and for how many rows it stands.
struct PaddingBlock {
  int position = 0;
  int count = 0;
};

/// The rows of one window. Rows [0, audioRows) are the audio's, at their own positions; behind them comes one
/// row per padding block.
struct WindowShape {
  int frames = 0;   // log-mel frames that hold audio (10 ms each), at most 2 * context
  int context = 0;  // encoder positions of a full window (20 ms each): 1500
  PaddingPolicy padding;

  int audioRows() const { return (frames + 1) / 2; }
  /// Rows that are computed: the audio's and one for each padding block.
  int rows() const;
};

/// The padding rows of `shape`, in order of their positions; their counts add up to context - audioRows().
/// Each stands at the middle of its block.
std::vector<PaddingBlock> paddingBlocks(const WindowShape& shape);

}  // namespace npuspeech
