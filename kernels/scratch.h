// SPDX-License-Identifier: LGPL-2.1-or-later
// Working memory for kernels that copy operands into the order in which they read them.
#pragma once

#include <cstddef>

namespace npuspeech {

/// `bytes` of the calling thread's working memory, aligned to 64, uninitialised. It is one piece, valid until
/// the next call on the same thread: for use inside one kernel call. It grows to the largest request and is
/// freed with the thread.
void* threadScratch(size_t bytes);

}  // namespace npuspeech
