// SPDX-License-Identifier: LGPL-2.1-or-later
// Working memory for kernels that copy operands into the order in which they read them.
#pragma once

#include <cstddef>

namespace npuspeech {

/// Returns `bytes` of working memory of the calling thread, aligned to 64 and uninitialised. Each thread has
/// a single block, which the next call on the thread returns again, so use it only within one kernel call.
/// The block grows to the largest request and is freed when the thread ends. Throws std::bad_alloc.
void* threadScratch(size_t bytes);

}  // namespace npuspeech
