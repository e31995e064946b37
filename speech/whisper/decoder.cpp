// SPDX-License-Identifier: LGPL-2.1-or-later
#include "speech/whisper/decoder.h"

namespace npuspeech {

std::vector<Vocabulary::Head> alignmentHeads(const Vocabulary& vocabulary, int layers, int heads) {
  std::vector<Vocabulary::Head> found;
  for (const Vocabulary::Head& head : vocabulary.alignmentHeads())
    if (head.layer >= 0 && head.layer < layers && head.head >= 0 && head.head < heads &&
        std::find(found.begin(), found.end(), head) == found.end())
      found.push_back(head);
  if (found.empty())
    for (int layer = layers / 2; layer < layers; ++layer)
      for (int head = 0; head < heads; ++head) found.push_back({layer, head});
  return found;
}

}  // namespace npuspeech
