// SPDX-License-Identifier: LGPL-2.1-or-later
// The shape of a window: how many log-mel frames it has, and which encoder rows hold audio or stand for
// padding.
#pragma once

#include <vector>

namespace npuspeech {

/// How the padding after the audio is computed. Whisper was trained on windows of 30 s that are filled up
/// with padding. The padding rows are nearly alike, so that one row of each block is computed and counts for
/// the whole block in every softmax: the logarithm of the block's size is added to its scores (proportional
/// attention, Bolya et al., ICLR 2023).
struct PaddingPolicy {
  /// How much larger each block is than the one before it, in percent; the first one has a single row.
  int growthPercent = 20;
  /// The most rows of a block. 1 computes every row: Whisper as published.
  int maxBlock = 32;

  bool operator==(const PaddingPolicy&) const = default;
};
/// Computes every row, as published.
inline constexpr PaddingPolicy kFullContext{0, 1};

/// A block of padding rows, of which one is computed.
struct PaddingBlock {
  /// The position in the context of the row that is computed.
  int position = 0;
  /// The number of rows in the block.
  int count = 0;
};

/// The rows of a window. The first audioRows() hold audio, each at its own position; one row for each padding
/// block follows.
struct WindowShape {
  /// The number of log-mel frames that hold audio, 10 ms each; at most 2 * context.
  int frames = 0;
  /// The number of encoder positions of a full window, 20 ms each: 1500.
  int context = 0;
  PaddingPolicy padding;

  /// The number of rows that hold audio.
  int audioRows() const { return (frames + 1) / 2; }
  /// The number of rows that are computed: those of audio, and one for each padding block.
  int rows() const;
};

/// Returns the padding blocks of `shape` in order of position. Their counts add up to context - audioRows(),
/// and each position is the middle of its block.
std::vector<PaddingBlock> paddingBlocks(const WindowShape& shape);

}  // namespace npuspeech
