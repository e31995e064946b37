// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernels/scratch.h"

#include "base/aligned.h"

namespace npuspeech {

void* threadScratch(size_t bytes) {
  thread_local AlignedVector<unsigned char> memory;
  if (memory.size() < bytes) {
    // Not resize: the old content is worthless.
    memory = AlignedVector<unsigned char>();
    memory = AlignedVector<unsigned char>(bytes);
  }
  return memory.data();
}

}  // namespace npuspeech
