// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/window.h"

#include <algorithm>

namespace npuspeech {

std::vector<PaddingBlock> paddingBlocks(const WindowShape& shape) {
  std::vector<PaddingBlock> blocks;
  int start = shape.audioRows();
  for (double size = 1; start < shape.context; size *= 1 + shape.padding.growthPercent / 100.0) {
    const int wanted = std::clamp(static_cast<int>(size), 1, std::max(shape.padding.maxBlock, 1));
    const int count = std::min(wanted, shape.context - start);
    blocks.push_back({start + count / 2, count});
    start += count;
    size = std::min<double>(size, shape.padding.maxBlock);
  }
  return blocks;
}

int WindowShape::rows() const {
  return audioRows() + static_cast<int>(paddingBlocks(*this).size());
}

}  // namespace npuspeech
