// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/aligned.h"

#include <sys/mman.h>

namespace npuspeech {
namespace {

// Smaller ones are not worth the system call.
constexpr size_t kLargeBlock = 1 << 20;

// A sanitizer guards the ends of its own blocks only.
constexpr bool isLarge(size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return false;
#endif
#endif
  return bytes >= kLargeBlock;
}

}  // namespace

void* allocateAligned(size_t bytes) {
  if (!isLarge(bytes)) return ::operator new (bytes, std::align_val_t{kCacheLine});
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

void freeAligned(void* memory, size_t bytes) {
  if (isLarge(bytes))
    munmap(memory, bytes);
  else
    ::operator delete (memory, std::align_val_t{kCacheLine});
}

}  // namespace npuspeech
